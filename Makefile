# The targets an admin or a developer needs. Each installs what it needs on a fresh Debian machine that has the .NET SDK.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
# What a check refused must not be taken for made by the next call.
.DELETE_ON_ERROR:

# ARCH=arm64 or x64; another than this machine's is built by a cross compiler, into a directory of its own.
HERE    := $(shell uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
ARCH    ?= $(HERE)
PREFIX  ?= /usr
UNITDIR ?= $(PREFIX)/lib/systemd/system
ZSHDIR  ?= $(PREFIX)/share/zsh/site-functions
DESTDIR ?=
OUT     := artifacts
TO      := $(OUT)$(if $(filter-out $(HERE),$(ARCH)),/$(ARCH))
BIN     := $(TO)/dlm-updater
STATIC  := $(TO)/static/dlm-updater
SOURCES := $(shell find src -name '*.cs' -not -path '*/obj/*' -o -name '*.csproj' -o -name '*.props' -o -name 'ILLink*.xml' -o -name '*.txt' -not -path '*/obj/*' -o -path 'src/link/*' -type f)

TRIPLE  := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)-linux-gnu
CROSS   := $(if $(filter-out $(HERE),$(ARCH)),$(TRIPLE)-)
# The oldest C library that the packages start on: RHEL 8, Debian 10.
FLOOR   := 2.28
PUBLISH  = dotnet publish src/DlmUpdater -c Release -r linux-$(ARCH) -p:CppCompilerAndLinker=$(CROSS)gcc -p:ObjCopyName=$(CROSS)objcopy -p:TreatWarningsAsErrors=true

VERSION := $(shell sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' src/Directory.Build.props)
DEB_ARCH := $(if $(filter arm64,$(ARCH)),arm64,amd64)
RPM_ARCH := $(if $(filter arm64,$(ARCH)),aarch64,x86_64)

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1

.PHONY: build static static-deps run test torture test-hosts test-compatibility test-arch test-power test-packages lint bench simulate install install-files deb rpm image release deb-deps rpm-deps lint-deps clean deps test-deps

## build: artifacts/dlm-updater, one native executable
build: $(BIN)

$(BIN): $(SOURCES) global.json | deps
	src/link/floor.sh $(CROSS)gcc $(CROSS)objdump "$$(dirname "$$($(CROSS)gcc -print-file-name=libc.so.6)")" $(TO)/floor $(FLOOR)
	$(PUBLISH) -p:LinkFloor=$(abspath $(TO)/floor) -o $(TO)/publish
	install -D -m 0755 $(TO)/publish/dlm-updater $@
	@head -c 4 $@ | cmp -s - <(printf '\177ELF') || { echo "$@ is not a native executable" >&2; exit 1; }
	@newest=$$($(CROSS)objdump -T $@ | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1); \
	[ "$$(printf '%s\n' $$newest GLIBC_$(FLOOR) | sort -V | tail -1)" = GLIBC_$(FLOOR) ] || { echo "$@ needs $$newest, and glibc $(FLOOR) is promised" >&2; exit 1; }

## static: artifacts/static/dlm-updater, one file for musl hosts, embedded boxes and empty containers, with OpenSSL in it
static: $(STATIC)

$(STATIC): $(SOURCES) global.json | deps static-deps
	$(if $(CROSS),DLM_OPENSSL=$(abspath $(OPENSSL)) CMAKE_TOOLCHAIN_FILE=$(abspath src/link/$(ARCH).cmake)) \
	$(PUBLISH) -p:StaticExecutable=true -p:StaticOpenSslLinking=true -p:NativeIntermediateOutputPath=$(abspath $(TO)/static/obj)/ -p:NativeOutputPath=$(abspath $(TO)/static/native)/ \
	  $(if $(CROSS),-p:LinkDirectory=$(abspath $(OPENSSL))/usr/lib/$(TRIPLE)) -o $(TO)/static/publish 2>&1 | grep -v -e 'in statically linked applications requires' -e ': in function .'
	install -D -m 0755 $(TO)/static/publish/dlm-updater $@
	@if $(CROSS)readelf -d $@ | grep NEEDED >/dev/null; then echo "$@ needs libraries of the host" >&2; exit 1; fi

## deps: what linking needs (gcc and the C library's headers)
deps:
	@if ! command -v $(CROSS)gcc >/dev/null || ! echo 'int main(void){return 0;}' | $(CROSS)gcc -xc - -o /dev/null 2>/dev/null; then \
	  echo "installing a compiler for $(ARCH), which linking needs"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	    $(if $(CROSS),gcc-$(subst _,-,$(TRIPLE)) libc6-dev-$(ARCH)-cross,gcc libc6-dev); \
	fi

# The libraries that the one-file build takes in. Those for another processor are unpacked beside it; nothing of this machine changes.
OPENSSL := $(TO)/openssl
static-deps: $(if $(CROSS),$(OPENSSL)/usr)
	@missing=; \
	command -v cmake >/dev/null || missing="$$missing cmake"; \
	[ -e /usr/include/openssl/ssl.h ] || missing="$$missing libssl-dev"; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which the one-file build needs"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

$(OPENSSL)/usr:
	src/link/foreign.sh $(ARCH) $(OPENSSL) libssl-dev

## test-deps: the servers that the tests talk to
test-deps:
	@missing=; \
	command -v etcd >/dev/null || missing="$$missing etcd-server"; \
	command -v dbus-daemon >/dev/null || missing="$$missing dbus-daemon"; \
	command -v busctl >/dev/null || missing="$$missing systemd"; \
	[ -x /usr/bin/python3 ] || missing="$$missing python3-minimal"; \
	for n in shellcheck zsh fish; do command -v $$n >/dev/null || missing="$$missing $$n"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which the tests start"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

## run: carry this host through a whole cycle in a throw-away directory
run: build
	bash tests/demo.sh $(BIN)

## test: everything that needs no container or virtual machine
test: build test-deps
	dotnet build DlmUpdater.sln -c Release
	dotnet test tests/DlmUpdater.Core.Tests -c Release --no-build
	dotnet test tests/DlmUpdater.Tests -c Release --no-build
	DLM_UPDATER_BINARY=$(abspath $(BIN)) dotnet test tests/DlmUpdater.EndToEnd -c Release --no-build

## torture: every system call of a whole cycle fails once with each plausible error and is once the last one (SAMPLE=500 SEED=1); continues where it was stopped
TORTURE = $(abspath $(OUT))/torture/$(shell sha256sum $(BIN) | cut -c1-12)
torture: build test-deps
	dotnet build tests/DlmUpdater.EndToEnd -c Release
	@echo "the report is in $(TORTURE): done, wrong, failed, counts, summary"
	DLM_UPDATER_BINARY=$(abspath $(BIN)) DLM_UPDATER_TORTURE_SAMPLE=$(or $(SAMPLE),all) DLM_UPDATER_TORTURE_SEED=$(SEED) DLM_UPDATER_TORTURE_ONLY=$(ONLY) \
	DLM_UPDATER_TORTURE_REPORT=$(TORTURE) dotnet test tests/DlmUpdater.EndToEnd -c Release --no-build --filter 'FullyQualifiedName~TortureTests' --logger 'console;verbosity=detailed'

HOSTS     := $(abspath $(OUT))/hosts
HOST_ROOT := $(HOSTS)/root

# The release that hosts come from: its runs are finished by this one, and the other way round.
OLD        := 0.1.0
OLD_COMMIT := fb17a6ccc04f6b9293f2ae988d4debd79d9aa330
OLD_DEB    := $(abspath $(OUT))/$(OLD)/dlm-updater_$(OLD)_$(DEB_ARCH).deb
$(OLD_DEB): | deb-deps
	rm -rf $(@D)/source && mkdir -p $(@D)/source
	git archive $(OLD_COMMIT) | tar -x -C $(@D)/source
	$(MAKE) --no-print-directory -C $(@D)/source deb
	cp $(@D)/source/artifacts/$(@F) $@
	cp $(@D)/source/artifacts/dlm-updater $(@D)/
	rm -rf $(@D)/source

## test-compatibility: runs of the earlier release are finished by this one after its package was replaced, and the other way round (root, mount namespaces)
test-compatibility:
	$(MAKE) --no-print-directory test-hosts HOST_TESTS='FullyQualifiedName~Hosts.CompatibilityTests'

## test-hosts: Debian hosts with systemd as PID 1 that boot, reboot and lose their power (root, mount namespaces)
HOST_TESTS ?= FullyQualifiedName!~Hosts.Arch.&FullyQualifiedName!~Hosts.Power.
test-hosts: deb rpm
	@if [ "$$(id -u)" != 0 ] || ! unshare -m --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null; then \
	  echo "test-hosts: LEFT OUT, because it needs root and mount namespaces: hosts that boot, reboot and lose their power, units, the package on a host"; \
	else \
	  tests='$(HOST_TESTS)'; \
	  if git cat-file -e $(OLD_COMMIT)^{commit} 2>/dev/null; then $(MAKE) --no-print-directory $(OLD_DEB); \
	  else echo "test-hosts: LEFT OUT, because commit $(OLD_COMMIT) is not in this clone: runs of $(OLD) that this release finishes, and the other way round"; \
	    tests="($$tests)&FullyQualifiedName!~Hosts.CompatibilityTests"; fi; \
	  $(MAKE) --no-print-directory $(HOST_ROOT).made && \
		  dotnet build tests/DlmUpdater.Hosts -c Release && \
	  DLM_UPDATER_HOST_ROOT=$(HOST_ROOT) DLM_UPDATER_DEB=$(abspath $(OUT))/dlm-updater_$(VERSION)_$(DEB_ARCH).deb DLM_UPDATER_OLD_DEB=$(OLD_DEB) \
  DLM_UPDATER_RPM=$(abspath $(OUT))/dlm-updater-$(VERSION)-1.$(RPM_ARCH).rpm dotnet test tests/DlmUpdater.Hosts -c Release --no-build --filter "$$tests"; \
	fi

## test-arch: each build where it is meant to run: Debian 11, nothing at all, a foreign NSS, arm64 (root, mount namespaces)
ARCHES := $(abspath $(OUT))/arch
test-arch: build static image
	@if [ "$$(id -u)" != 0 ] || ! unshare -m --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null; then \
	  echo "test-arch: LEFT OUT, because it needs root and mount namespaces: the builds on glibc 2.31, in an empty root, and for arm64"; \
	else \
	  $(MAKE) --no-print-directory build static ARCH=arm64 && $(MAKE) --no-print-directory $(ARCHES)/made && \
	  dotnet build tests/DlmUpdater.Hosts -c Release && \
	  DLM_UPDATER_X64=$(abspath $(OUT))/dlm-updater DLM_UPDATER_X64_STATIC=$(abspath $(OUT))/static/dlm-updater \
	  DLM_UPDATER_ARM64=$(abspath $(OUT))/arm64/dlm-updater DLM_UPDATER_ARM64_STATIC=$(abspath $(OUT))/arm64/static/dlm-updater \
	  DLM_UPDATER_BULLSEYE=$(ARCHES)/bullseye DLM_UPDATER_ARM64_ROOT=$(ARCHES)/arm64 DLM_UPDATER_IMAGE=$(abspath $(OUT))/dlm-updater-$(VERSION)-amd64.oci.tar \
	  dotnet test tests/DlmUpdater.Hosts -c Release --no-build --filter 'FullyQualifiedName~Hosts.Arch.'; \
	fi

$(ARCHES)/made: Makefile
	@missing=; \
	for n in mmdebstrap:mmdebstrap etcd:etcd-server qemu-aarch64-static:qemu-user-static busybox:busybox-static; do command -v $${n%%:*} >/dev/null || missing="$$missing $${n##*:}"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which the tests of the builds need"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	rm -rf $(ARCHES) && mkdir -p $(ARCHES)
	mmdebstrap --quiet --mode=root --variant=minbase --include=libssl1.1 bullseye $(ARCHES)/bullseye
	src/link/foreign.sh arm64 $(ARCHES)/arm64 libc6 libssl3
	touch $@

## test-power: power cuts that lose what was not yet written, in an emulated machine
POWER := $(abspath $(OUT))/power
test-power: static
	@if [ $(HERE) != x64 ]; then \
	  echo "test-power: LEFT OUT, because the emulated machine is an x86-64 one"; \
	else \
	  $(MAKE) --no-print-directory $(POWER)/made && dotnet build tests/DlmUpdater.Hosts -c Release && \
	  DLM_UPDATER_X64_STATIC=$(abspath $(OUT))/static/dlm-updater DLM_UPDATER_KERNEL=$(POWER)/kernel DLM_UPDATER_BUSYBOX=$$(command -v busybox) \
	  dotnet test tests/DlmUpdater.Hosts -c Release --no-build --filter 'FullyQualifiedName~Hosts.Power.'; \
	fi

$(POWER)/made: Makefile
	@missing=; \
	for n in qemu-system-x86_64:qemu-system-x86 busybox:busybox-static cpio:cpio /sbin/mkfs.ext4:e2fsprogs; do command -v $${n%%:*} >/dev/null || missing="$$missing $${n##*:}"; done; \
	apt-get update -qq; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which the emulated machine needs"; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	rm -rf $(POWER) && mkdir -p $(POWER)
	src/link/foreign.sh amd64 $(POWER)/kernel $$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
	touch $@

# What every host stands on: a minimal Debian with systemd. Its mirror is this machine's own.
$(HOST_ROOT).made: Makefile
	@missing=; \
	command -v mmdebstrap >/dev/null || missing="$$missing mmdebstrap"; \
	command -v systemd-nspawn >/dev/null || missing="$$missing systemd-container"; \
	command -v etcd >/dev/null || missing="$$missing etcd-server"; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which the hosts need"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi
	rm -rf $(HOST_ROOT) && mkdir -p $(HOSTS)
	mmdebstrap --quiet --mode=root --variant=minbase --include=systemd,systemd-sysv,dbus,udev,procps,rpm,libssl3,ca-certificates bookworm $(HOST_ROOT)
	rm -f $(HOST_ROOT)/etc/hostname
	touch $@

## lint: formatting and analyzers
lint:
	dotnet format DlmUpdater.sln --verify-no-changes --severity warn
	dotnet build DlmUpdater.sln -c Release -warnaserror

## bench: ratios in one run, beside run-parts and curl
bench: build
	dotnet run --project tests/bench -c Release -- bench $(abspath $(BIN))

## simulate: more fleets than the tests play (SEEDS=100000)
simulate:
	dotnet run --project tests/bench -c Release -- simulate --seeds $(or $(SEEDS),100000)

## deb: artifacts/*.deb (ARCH=arm64 for the other)
deb: build deb-deps
	rm -rf $(TO)/deb && mkdir -p $(TO)/deb/dlm-updater-$(VERSION) && cp -r deb $(TO)/deb/dlm-updater-$(VERSION)/debian && cp README.md $(TO)/deb/dlm-updater-$(VERSION)/
	@[ "$$(dpkg-parsechangelog -l deb/changelog -S Version)" = $(VERSION) ] || { echo "deb/changelog is not of version $(VERSION)" >&2; exit 1; }
	cd $(TO)/deb/dlm-updater-$(VERSION) && DLM_SOURCE=$(CURDIR) DLM_ARCH=$(ARCH) MAKEFLAGS= SOURCE_DATE_EPOCH=$$(dpkg-parsechangelog -l debian/changelog -S Timestamp) \
	  dpkg-buildpackage --build=binary --host-arch=$(DEB_ARCH) --no-check-builddeps --no-sign --no-pre-clean >../build.log 2>&1 || { cat ../build.log; exit 1; }
	cp $(TO)/deb/dlm-updater_$(VERSION)_$(DEB_ARCH).deb $(OUT)/

## rpm: artifacts/*.rpm (ARCH=arm64 for the other)
rpm: build rpm-deps
	rm -rf $(TO)/rpm && mkdir -p $(TO)/rpm
	@grep -q -- '- $(VERSION)-1$$' rpm/dlm-updater.spec || { echo "the changelog of rpm/dlm-updater.spec is not of version $(VERSION)" >&2; exit 1; }
	MAKEFLAGS= rpmbuild -bb --quiet --target $(RPM_ARCH) --define '_topdir $(abspath $(TO)/rpm)' --define 'dlm_version $(VERSION)' --define 'dlm_source $(CURDIR)' --define 'dlm_arch $(ARCH)' \
	  --define '_build_id_links none' --define '_binary_payload w7.xzdio' rpm/dlm-updater.spec >$(TO)/rpm/build.log 2>&1 || { cat $(TO)/rpm/build.log; exit 1; }
	cp $(TO)/rpm/RPMS/$(RPM_ARCH)/dlm-updater-$(VERSION)-1.$(RPM_ARCH).rpm $(OUT)/

## test-packages: both formats for both processors, held against lintian, rpmlint and systemd-analyze, and against each other
test-packages: lint-deps
	$(MAKE) --no-print-directory deb rpm ARCH=x64
	$(MAKE) --no-print-directory deb rpm ARCH=arm64
	bash tests/packages.sh $(OUT) $(VERSION)

lint-deps: need = lintian:lintian rpmlint:rpmlint systemd-analyze:systemd man:man-db

## image: artifacts/dlm-updater-VERSION-ARCH.oci.tar, an OCI image of the one-file build (skopeo copy oci-archive:FILE …)
image: static
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 0) src/dist/image/oci.sh $(STATIC) $(DEB_ARCH) $(VERSION) $(OUT)/dlm-updater-$(VERSION)-$(DEB_ARCH).oci.tar

## release: artifacts/release: packages, one-file builds and images for both processors, what is linked in (SPDX), checksums
release:
	rm -rf $(OUT)/release && mkdir -p $(OUT)/release
	for arch in x64 arm64; do $(MAKE) --no-print-directory deb rpm image ARCH=$$arch; done
	cp $(OUT)/dlm-updater_$(VERSION)_*.deb $(OUT)/dlm-updater-$(VERSION)-1.*.rpm $(OUT)/dlm-updater-$(VERSION)-*.oci.tar $(OUT)/release/
	install -m 0755 $(if $(filter x64,$(HERE)),$(OUT),$(OUT)/x64)/static/dlm-updater $(OUT)/release/dlm-updater-$(VERSION)-linux-x86_64
	install -m 0755 $(if $(filter arm64,$(HERE)),$(OUT),$(OUT)/arm64)/static/dlm-updater $(OUT)/release/dlm-updater-$(VERSION)-linux-aarch64
	src/link/sbom.sh src/DlmUpdater/obj/project.assets.json $(VERSION) $$(git log -1 --format=%ct 2>/dev/null || echo 0) > $(OUT)/release/dlm-updater-$(VERSION).spdx.json
	cd $(OUT)/release && sha256sum -- * > SHA256SUMS

deb-deps rpm-deps: need = $(if $(filter deb-deps,$@),dh:debhelper dpkg-buildpackage:dpkg-dev fakeroot:fakeroot,rpmbuild:rpm)
deb-deps rpm-deps lint-deps:
	@missing=; for n in $(need); do command -v $${n%%:*} >/dev/null || missing="$$missing $${n##*:}"; done; \
	if [ -n "$$missing" ]; then \
	  echo "installing$$missing, which packages are built or looked at with"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; \
	fi

## install: owns every installed path; rpm and deb call it
install: build install-files

install-files:
	install -D -m 0755 $(BIN) $(DESTDIR)$(PREFIX)/bin/dlm-updater
	for n in foreman_dlm_updater dlm_engine_updater updatelock locksmithctl; do ln -sf dlm-updater $(DESTDIR)$(PREFIX)/bin/$$n; done
	cd src/dist/hooks && find . -type f -exec sh -c 'install -D -m "$$(test -x "$$1" && echo 0755 || echo 0644)" "$$1" "$(abspath $(DESTDIR)/)$(PREFIX)/share/dlm-updater/hooks/$$1"' - {} \;
	install -D -m 0644 -t $(DESTDIR)$(PREFIX)/share/dlm-updater/examples src/dist/image/kubernetes.yaml src/dist/image/update.container
	install -d -m 0755 $(DESTDIR)/etc/dlm-updater
	for d in $(PHASES); do install -d -m 0755 $(DESTDIR)/etc/dlm-updater/$$d.d; done
	test -e $(DESTDIR)/etc/dlm-updater/config.ini || install -m 0644 src/dist/etc/config.ini $(DESTDIR)/etc/dlm-updater/config.ini
	install -d -m 0755 $(DESTDIR)/var/lib/dlm-updater $(DESTDIR)/var/log/dlm-updater
	install -D -m 0644 -t $(DESTDIR)$(UNITDIR) src/dist/systemd/dlm-updater.service src/dist/systemd/dlm-updater-resume.service src/dist/systemd/dlm-updater-recover.service src/dist/systemd/dlm-updater.timer
	install -D -m 0644 src/dist/systemd/dlm-updater.preset $(DESTDIR)$(PREFIX)/lib/systemd/system-preset/50-dlm-updater.preset
	install -D -m 0644 src/dist/systemd/dlm-updater.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/dlm-updater.conf
	install -D -m 0644 src/dist/man/dlm-updater.8 $(DESTDIR)$(PREFIX)/share/man/man8/dlm-updater.8
	for n in foreman_dlm_updater dlm_engine_updater updatelock locksmithctl; do ln -sf dlm-updater.8 $(DESTDIR)$(PREFIX)/share/man/man8/$$n.8; done
	install -D -m 0644 src/dist/man/dlm-updater.ini.5 $(DESTDIR)$(PREFIX)/share/man/man5/dlm-updater.ini.5
	install -D -m 0644 src/dist/man/dlm-updater-hooks.7 $(DESTDIR)$(PREFIX)/share/man/man7/dlm-updater-hooks.7
	install -D -m 0644 src/dist/completions/dlm-updater.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/dlm-updater
	install -D -m 0644 src/dist/completions/_dlm-updater $(DESTDIR)$(ZSHDIR)/_dlm-updater
	install -D -m 0644 src/dist/completions/dlm-updater.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/dlm-updater.fish

PHASES := needs_update pre_update update needs_reboot post_update on_failure

clean:
	rm -rf $(OUT)
	find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
