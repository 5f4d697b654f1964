# capture.sh -- record this machine, and plan on it, with relative file names that the host can use too.
#
# How to run:  GUEST=capture in a case (sourced by init)
# Expect:      machine.tar, plan.json and plan.txt in the share; exit 0 for each
# Time:        2 s
cd /mnt
run kxf capture -o machine.tar
kxf plan --profile ./profile.toml --kernel "$IMAGE" --initrd "$INITRD" --append "KXFMARK=$(word mark)" --json > plan.json
echo "G: kxf plan: exit $?"
kxf plan --profile ./profile.toml --kernel "$IMAGE" --initrd "$INITRD" --append "KXFMARK=$(word mark)" 2>&1 | tee plan.txt
cd /tmp
