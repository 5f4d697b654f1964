/* SPDX-License-Identifier: Apache-2.0
 *
 * bench LABEL RUNS PREPARE -- COMMAND...: what a command costs.
 *
 * Runs COMMAND (an absolute path) RUNS times, and PREPARE by sh -c before each, which is not
 * counted. Prints the first run's time, the median of the others and the largest peak of memory:
 *
 *   BENCH LABEL runs N first NS again NS peak KIB
 *
 * Each run has a control group of its own, and the peak is the group's memory.peak (Linux,
 * Documentation/admin-guide/cgroup-v2.rst): anonymous memory of all processes together, files that
 * they write to tmpfs, memfds, page tables. What they only read belongs to who made it.
 *
 * What COMMAND prints is thrown away. Exit status 1 when a run fails, with its messages.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
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

/* ---- control group -------------------------------------------------------------------------- */

#define HIERARCHY "/tmp/cgroups"
#define GROUP HIERARCHY "/bench"

static int open_file(const char* path, int flags) {
  const int file = open(path, flags | O_CLOEXEC);
  if (file < 0) fail(path);
  return file;
}

static void write_to(const char* path, const char* text) {
  const int file = open_file(path, O_WRONLY);
  if (write(file, text, strlen(text)) < 0) fail(path);
  close(file);
}

/* An earlier bench may have mounted it. */
static void mount_hierarchy(void) {
  mkdir(HIERARCHY, 0755);
  if (access(HIERARCHY "/cgroup.procs", F_OK) != 0 &&
      mount("none", HIERARCHY, "cgroup2", 0, NULL) != 0)
    fail("mounting cgroup2");
  write_to(HIERARCHY "/cgroup.subtree_control", "+memory");
}

static int64_t peak_bytes(void) {
  char text[32];
  const int file = open_file(GROUP "/memory.peak", O_RDONLY);
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  if (size <= 0) fail(GROUP "/memory.peak");
  text[size] = 0;
  return strtoll(text, NULL, 10);
}

/* Never returns. */
static void become(char** argv, int messages) {
  write_to(GROUP "/cgroup.procs", "0");
  dup2(open_file("/dev/null", O_WRONLY), STDOUT_FILENO);
  dup2(messages, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

/* ---- runs ----------------------------------------------------------------------------------- */

static void show(int messages) {
  char text[4096];
  ssize_t size = 0;
  lseek(messages, 0, SEEK_SET);
  while ((size = read(messages, text, sizeof text)) > 0) fwrite(text, 1, (size_t)size, stderr);
}

static void measure(const char* label, int runs, const char* preparation, char** argv) {
  int64_t ns[MAX_RUNS];
  int64_t peak = 0;
  for (int i = 0; i < runs; ++i) {
    prepare(preparation);
    const int messages = memfd_create("messages", MFD_CLOEXEC);
    if (messages < 0) fail("memfd_create");
    if (mkdir(GROUP, 0755) != 0) fail(GROUP);
    int status = 0;
    const int64_t start = now_ns();
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) become(argv, messages);
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    ns[i] = now_ns() - start;
    if (status != 0) {
      show(messages);
      fprintf(stderr, "bench: %s: wait status %#x\n", label, (unsigned)status);
      exit(1);
    }
    if (peak_bytes() > peak) peak = peak_bytes();
    if (rmdir(GROUP) != 0) fail("removing " GROUP);
    close(messages);
  }
  qsort(ns + 1, (size_t)(runs - 1), sizeof ns[0], ascending);
  printf("BENCH %s runs %d first %" PRId64 " again %" PRId64 " peak %" PRId64 "\n", label, runs,
         ns[0], ns[runs / 2], peak / 1024);
}

int main(int argc, char** argv) {
  const int runs = argc > 5 ? atoi(argv[2]) : 0;
  if (runs < 2 || runs > MAX_RUNS || strcmp(argv[4], "--") != 0 || argv[5][0] != '/') {
    fprintf(stderr, "usage: bench LABEL RUNS PREPARE -- /COMMAND...   (RUNS: 2 to %d)\n", MAX_RUNS);
    return 2;
  }
  mount_hierarchy();
  measure(argv[1], runs, argv[3], argv + 5);
  return 0;
}
