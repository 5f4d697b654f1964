# exec-nothing-loaded.sh -- kxf exec with nothing loaded must refuse, and the machine must live on.
#
# How to run:  GUEST=exec-nothing-loaded in a case (sourced by init)
# Expect:      exit 1 and a message
# Time:        below 1 s
run kxf exec
echo "G: still here"
