/* SPDX-License-Identifier: Apache-2.0
 *
 * panic LABEL: the crash, with the time before it in ticks of the counter, which the kernels do not
 * set to 0 in between (Arm ARM, D11.1.2, "The virtual counter"):
 *
 *   BENCH LABEL panic at TICKS
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const int trigger = open("/proc/sysrq-trigger", O_WRONLY);
  if (trigger < 0 || argc != 2) {
    perror("/proc/sysrq-trigger");
    return 1;
  }
  uint64_t ticks = 0;
  __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks));
  printf("BENCH %s panic at %" PRIu64 "\n", argv[1], ticks);
  fflush(stdout);
  const ssize_t written = write(trigger, "c", 1);
  fprintf(stderr, "panic: still here, %zd written\n", written);
  return 1;
}
