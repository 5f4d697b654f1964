/* SPDX-License-Identifier: Apache-2.0
 *
 * init.c: /init of a kernel for which there is no userland, a big-endian one. It says what came up,
 * in the words of init.sh, and powers off. No C library: only system calls.
 *
 * How to run: big-endian.sh makes an initrd with it.
 */

enum {
  SYS_READ = 3,
  SYS_WRITE = 4,
  SYS_OPEN = 5,
  SYS_MOUNT = 21,
  SYS_DUP2 = 63,
  SYS_REBOOT = 88,
  SYS_UNAME = 122
};
enum { O_RDONLY = 0, O_RDWR = 2, UTS_FIELD = 65 };

static long call(long number, long a, long b, long c, long d, long e) {
  register long r0 __asm__("r0") = number;
  register long r3 __asm__("r3") = a;
  register long r4 __asm__("r4") = b;
  register long r5 __asm__("r5") = c;
  register long r6 __asm__("r6") = d;
  register long r7 __asm__("r7") = e;
  /* The kernel says failure by CR0.SO, with the error's number in r3 */
  __asm__ volatile("sc\n\tbns+ 1f\n\tneg 3, 3\n1:"
                   : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7)
                   :
                   : "r8", "r9", "r10", "r11", "r12", "cr0", "ctr", "xer", "memory");
  return r3;
}

static long length(const char* text) {
  long n = 0;
  while (text[n] != 0) ++n;
  return n;
}

static void say(const char* text) { call(SYS_WRITE, 1, (long)text, length(text), 0, 0); }

/* The file's first line, in a buffer that the next call uses again. */
static const char* line_of(const char* path) {
  static char text[4096];
  long size = 0;
  const long fd = call(SYS_OPEN, (long)path, O_RDONLY, 0, 0, 0);
  if (fd >= 0) size = call(SYS_READ, fd, (long)text, sizeof text - 1, 0, 0);
  if (size < 0) size = 0;
  text[size] = 0;
  for (long i = 0; i < size; ++i)
    if (text[i] == '\n') text[i] = 0;
  return text;
}

static void mount(const char* type, const char* at) {
  call(SYS_MOUNT, (long)"none", (long)at, (long)type, 0, 0);
}

/* How many CPUs a list such as "0-1,4" names, as text. */
static const char* count_of(const char* list) {
  static char text[8];
  long total = 0, first = -1, value = 0;
  for (;; ++list) {
    if (*list >= '0' && *list <= '9') {
      value = value * 10 + (*list - '0');
      continue;
    }
    if (*list == '-') {
      first = value;
    } else {
      total += first < 0 ? 1 : value - first + 1;
      first = -1;
    }
    value = 0;
    if (*list == 0) break;
  }
  text[0] = (char)('0' + total / 10 % 10);
  text[1] = (char)('0' + total % 10);
  return text[0] == '0' ? text + 1 : text;
}

__attribute__((noreturn)) void _start(void) {
  static char uts[6][UTS_FIELD];
  mount("devtmpfs", "/dev");
  mount("proc", "/proc");
  mount("sysfs", "/sys");
  const long console = call(SYS_OPEN, (long)"/dev/console", O_RDWR, 0, 0, 0);
  for (long fd = 0; fd < 3; ++fd) call(SYS_DUP2, console, fd, 0, 0, 0);
  call(SYS_UNAME, (long)uts, 0, 0, 0, 0);
  const char* online = line_of("/sys/devices/system/cpu/online");
  say("SECOND: kernel ");
  say(uts[2]);
  say(", cpus online ");
  say(online);
  say(", nproc ");
  say(count_of(online));
  say(", ");
  say(uts[4]);
  say("\nSECOND: cmdline ");
  say(line_of("/proc/cmdline"));
  say("\nSECOND: end\n");
  call(SYS_REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0); /* power off */
  for (;;) {
  }
}
