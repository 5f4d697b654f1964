# ppc64-pseries-4-cpus.sh -- pseries with four CPUs, after a load that digests nothing.
# How to run: tests/emulation/run.sh ppc64-pseries-4-cpus      Expect: ok      Time: 10 s
board pseries
SMP=4
LOAD='--digest none'
