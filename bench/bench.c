/* SPDX-License-Identifier: Apache-2.0
 *
 * bench LABEL RUNS PREPARE -- COMMAND...: what a command costs.
 *
 * Runs COMMAND (an absolute path) RUNS times, and PREPARE by sh -c before each, which is not
 * counted. Prints the first run's time, the median of the others and the peak resident set:
 *
 *   BENCH LABEL runs N first NS again NS maxrss KIB
 *
 * Then runs it once more under ptrace for its peak anonymous memory. Anonymous memory grows by page
 * faults, but shrinks only within system calls (munmap, mremap, madvise, brk, mmap over a mapping,
 * exit). So the largest of the values at the entry of every system call is the peak itself, not a
 * sample of it. They are read from smaps_rollup, which walks the page tables: the counters of
 * /proc/PID/status lag behind by up to 64 pages (SPLIT_RSS_COUNTING, mm/memory.c).
 *
 *   BENCH LABEL memory anonymous KIB resident KIB syscalls N
 *
 * Exit status 1 when a run fails; the command's output is shown then, and for the run under ptrace
 * always.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_RUNS = 100 };

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int ascending(const void* a, const void* b) {
  const int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
  return (x > y) - (x < y);
}

static void prepare(const char* command) {
  const int status = system(command);
  if (status != 0) {
    fprintf(stderr, "bench: \"%s\": status %d\n", command, status);
    exit(1);
  }
}

/* Never returns. */
static void become(char** argv, int output, bool traced) {
  if (output >= 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
  }
  if (traced && (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0 || raise(SIGSTOP) != 0)) _exit(126);
  execv(argv[0], argv);
  _exit(127);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void show(int output) {
  char text[4096];
  ssize_t size = 0;
  lseek(output, 0, SEEK_SET);
  while ((size = read(output, text, sizeof text)) > 0) fwrite(text, 1, (size_t)size, stderr);
}

static void measure_time(const char* label, int runs, const char* preparation, char** argv) {
  int64_t ns[MAX_RUNS];
  long maxrss_kib = 0;
  for (int i = 0; i < runs; ++i) {
    prepare(preparation);
    const int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0) fail("memfd_create");
    fflush(stdout);
    struct rusage used;
    int status = 0;
    const int64_t start = now_ns();
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) become(argv, output, false);
    if (wait4(child, &status, 0, &used) != child) fail("wait4");
    ns[i] = now_ns() - start;
    if (status != 0) {
      show(output);
      fprintf(stderr, "bench: %s: wait status %#x\n", label, (unsigned)status);
      exit(1);
    }
    if (used.ru_maxrss > maxrss_kib) maxrss_kib = used.ru_maxrss;
    close(output);
  }
  qsort(ns + 1, (size_t)(runs - 1), sizeof ns[0], ascending);
  printf("BENCH %s runs %d first %" PRId64 " again %" PRId64 " maxrss %ld\n", label, runs, ns[0],
         ns[runs / 2], maxrss_kib);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* The number of a line `NAME:   123 kB`; 0 when there is none. */
static long field_kib(const char* text, const char* name) {
  const char* line = strstr(text, name);
  return line == NULL ? 0 : strtol(line + strlen(name), NULL, 10);
}

struct memory {
  long anonymous_kib;
  long resident_kib;
};

static void take_sample(pid_t child, struct memory* peak) {
  char path[64];
  char text[2048];
  snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)child);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) fail(path);
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  if (size < 0) return; /* ESRCH: it has no memory any more */
  text[size] = 0;
  const long anonymous = field_kib(text, "\nAnonymous:"), resident = field_kib(text, "\nRss:");
  if (anonymous > peak->anonymous_kib) peak->anonymous_kib = anonymous;
  if (resident > peak->resident_kib) peak->resident_kib = resident;
}

/* Where the child stands, by the status that waitpid() gave. */
static int event_of(int status) { return status >> 16; }
static bool in_system_call(int status) { return WSTOPSIG(status) == (SIGTRAP | 0x80); }

static void measure_memory(const char* label, const char* preparation, char** argv) {
  prepare(preparation);
  fflush(stdout);
  const pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) become(argv, -1, true);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) fail("waiting for the child");
  const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC |
                       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
  if (ptrace(PTRACE_SETOPTIONS, child, 0, options) != 0) fail("PTRACE_SETOPTIONS");

  struct memory peak = {0, 0};
  long calls = 0, signal = 0;
  bool running = false, entry = false; /* before execve it is still this program */
  for (;;) {
    if (ptrace(PTRACE_SYSCALL, child, 0, signal) != 0) fail("PTRACE_SYSCALL");
    signal = 0;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    if (!WIFSTOPPED(status)) break;
    if (event_of(status) == PTRACE_EVENT_EXEC) {
      running = true;
      entry = true; /* what follows is the exit of execve */
    } else if (event_of(status) != 0) {
      fprintf(stderr, "bench: %s: it starts a thread or a process, whose memory would be missed\n",
              label);
      exit(1);
    } else if (in_system_call(status)) {
      entry = !entry;
      if (!running || !entry) continue;
      ++calls;
      take_sample(child, &peak);
    } else {
      signal = WSTOPSIG(status);
    }
  }
  if (status != 0) {
    fprintf(stderr, "bench: %s: wait status %#x under ptrace\n", label, (unsigned)status);
    exit(1);
  }
  printf("BENCH %s memory anonymous %ld resident %ld syscalls %ld\n", label, peak.anonymous_kib,
         peak.resident_kib, calls);
}

int main(int argc, char** argv) {
  const int runs = argc > 5 ? atoi(argv[2]) : 0;
  if (runs < 2 || runs > MAX_RUNS || strcmp(argv[4], "--") != 0 || argv[5][0] != '/') {
    fprintf(stderr, "usage: bench LABEL RUNS PREPARE -- /COMMAND...   (RUNS: 2 to %d)\n", MAX_RUNS);
    return 2;
  }
  measure_time(argv[1], runs, argv[3], argv + 5);
  measure_memory(argv[1], argv[3], argv + 5);
  return 0;
}
