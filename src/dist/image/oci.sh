#!/bin/bash
# Makes an OCI image of the one-file build: a layer that holds it, and nothing else. Needs no container engine, and the same input gives
# the same image.
#   oci.sh EXECUTABLE ARCH VERSION OUT.tar       ARCH is amd64 or arm64
set -euo pipefail
executable=$1 arch=$2 version=$3 out=$(realpath -m "$4")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
epoch=${SOURCE_DATE_EPOCH:-0}
pack() { tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$epoch" --format=gnu -C "$1" -cf "$2" .; }

root=$work/root
for directory in needs_update pre_update update post_update; do install -d -m 0755 "$root/etc/dlm-updater/$directory.d"; done
install -d -m 0755 "$root/run" "$root/var/lib/dlm-updater" "$root/usr/bin"
install -m 0755 "$executable" "$root/usr/bin/dlm-updater"
install -m 0644 "$here/../etc/config.ini" "$root/etc/dlm-updater/config.ini"
pack "$root" "$work/layer.tar"

blobs=$work/image/blobs/sha256
mkdir -p "$blobs"
# Moves a file among the blobs; says its digest.
blob() { local digest; digest=$(sha256sum "$1" | cut -d' ' -f1); mv "$1" "$blobs/$digest"; echo "$digest"; }
size() { stat -c %s "$blobs/$1"; }

diff=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
gzip -9n "$work/layer.tar"
layer=$(blob "$work/layer.tar.gz")
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)
cat > "$work/config" <<JSON
{"created":"$created","architecture":"$arch","os":"linux","config":{"Entrypoint":["/usr/bin/dlm-updater"],"Cmd":["run","--init"],"Volumes":{"/var/lib/dlm-updater":{}},"Labels":{"org.opencontainers.image.title":"dlm-updater","org.opencontainers.image.version":"$version","org.opencontainers.image.licenses":"MIT"}},"rootfs":{"type":"layers","diff_ids":["sha256:$diff"]},"history":[{"created":"$created","created_by":"dlm-updater $version"}]}
JSON
config=$(blob "$work/config")
cat > "$work/manifest" <<JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:$config","size":$(size "$config")},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha256:$layer","size":$(size "$layer")}]}
JSON
manifest=$(blob "$work/manifest")
cat > "$work/image/index.json" <<JSON
{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:$manifest","size":$(size "$manifest"),"platform":{"architecture":"$arch","os":"linux"},"annotations":{"org.opencontainers.image.ref.name":"$version"}}]}
JSON
echo '{"imageLayoutVersion":"1.0.0"}' > "$work/image/oci-layout"
pack "$work/image" "$out"
