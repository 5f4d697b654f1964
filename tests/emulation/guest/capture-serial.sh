# capture-serial.sh -- record this machine where nothing but the serial port leads out.
#
# How to run:  GUEST=capture-serial in a case (sourced by init)
# Expect:      exit 0; then the capture, compressed and in base64, between two lines "CAPTURE: ..."
# Time:        some seconds: 100 KB at the speed of an emulated UART
run kxf capture -o machine.tar
dmesg -n 1	# a message of the kernel would be in the middle of it
echo "CAPTURE: begin"
gzip -9nc machine.tar | base64
echo "CAPTURE: end"
