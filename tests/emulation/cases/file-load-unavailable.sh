# file-load-unavailable.sh -- kexec_file_load asked for on a kernel without it is an error, not a silent fallback.
# How to run: tests/emulation/run.sh file-load-unavailable      Expect: ok      Time: 3 s
LOAD='--syscall kexec_file_load'
check() {
  seen 'G: kxf load: exit 1' 'load is refused'
  seen '[]] kxf.*kexec_file_load' 'the message names the syscall'
  seen 'G: kxf status: exit 3' 'nothing is loaded'
}
