#!/bin/sh
# PID 1 of a machine that is nothing but a kernel, a shell, the one-file build and a disk. What it says goes to the serial line.
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk crc16 crc32c_generic libcrc32c mbcache jbd2 ext4; do
  [ ! -e /modules/$module.ko ] || insmod /modules/$module.ko
done
# Without the help that ext4 gives to programs that forget to sync what they rename.
mount -t ext4 -o noauto_da_alloc /dev/vda /disk || { echo "NO DISK"; sleep 1000; }

echo "SYNCED $(cat /disk/synced 2>/dev/null)"
echo "UNSYNCED $(cat /disk/unsynced.* 2>/dev/null)"
dlm-updater status --output json >/tmp/status 2>&1
echo "STATUS $?"
echo "PHASE $(sed -n 's/.*"phase": "\(.*\)",/\1/p' /tmp/status | head -n 1)"
dlm-updater run --after-reboot >/tmp/resumed 2>&1
echo "RESUMED $?"
dlm-updater status --output json >/tmp/status 2>&1
echo "THEN $(sed -n 's/.*"phase": "\(.*\)",/\1/p' /tmp/status | head -n 1)"
dlm-updater history --output json >/tmp/history 2>&1
echo "HISTORY $?"
echo "HELD $(grep -c holder-1 /disk/locks/*.json 2>/dev/null)"

boot=$(cat /proc/sys/kernel/random/boot_id)
echo "$boot" >/disk/synced
sync
echo "$boot" >"/disk/unsynced.$boot"
echo "READY $boot"
# One run after another until the power goes.
while :; do
  dlm-updater run >/tmp/run 2>&1 || { echo "FAILED $?"; cat /tmp/run; }
done
