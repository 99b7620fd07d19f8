# The targets an admin or a developer needs. Each installs what it needs on a fresh Debian machine that has the .NET SDK.
SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

ARCH    ?= $(shell uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
PREFIX  ?= /usr
DESTDIR ?=
OUT     := artifacts
BIN     := $(OUT)/dlm-updater
SOURCES := $(shell find src -name '*.cs' -not -path '*/obj/*' -o -name '*.csproj' -o -name '*.props' -o -name 'ILLink*.xml' -o -name '*.txt' -not -path '*/obj/*')

export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1
export DOTNET_SKIP_FIRST_TIME_EXPERIENCE := 1

.PHONY: build run test test-hosts lint bench simulate install clean deps test-deps

## build: artifacts/dlm-updater, one native executable
build: $(BIN)

$(BIN): $(SOURCES) global.json | deps
	dotnet publish src/DlmUpdater -c Release -r linux-$(ARCH) -p:CppCompilerAndLinker=gcc -p:TreatWarningsAsErrors=true -o $(OUT)/publish
	install -m 0755 $(OUT)/publish/dlm-updater $@
	@head -c 4 $@ | cmp -s - <(printf '\177ELF') || { echo "$@ is not a native executable" >&2; exit 1; }

## deps: what linking needs (gcc and the C library's headers)
deps:
	@if ! command -v gcc >/dev/null || ! echo 'int main(void){return 0;}' | gcc -xc - -o /dev/null 2>/dev/null; then \
	  echo "installing gcc and libc6-dev, which linking needs"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev; \
	fi

## test-deps: the servers that the tests talk to
test-deps:
	@missing=; \
	command -v etcd >/dev/null || missing="$$missing etcd-server"; \
	command -v dbus-daemon >/dev/null || missing="$$missing dbus-daemon"; \
	command -v busctl >/dev/null || missing="$$missing systemd"; \
	[ -x /usr/bin/python3 ] || missing="$$missing python3-minimal"; \
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

HOSTS     := $(abspath $(OUT))/hosts
HOST_ROOT := $(HOSTS)/root

## test-hosts: Debian hosts with systemd as PID 1 that boot, reboot and lose their power (root, mount namespaces)
test-hosts: build
	@if [ "$$(id -u)" != 0 ] || ! unshare -m --propagation private mount -t tmpfs tmpfs /mnt 2>/dev/null; then \
	  echo "test-hosts: LEFT OUT, because it needs root and mount namespaces: hosts that boot, reboot and lose their power, units, the package on a host"; \
	else \
	  $(MAKE) --no-print-directory $(HOST_ROOT).made && \
	  rm -rf $(HOSTS)/tree && $(MAKE) --no-print-directory install DESTDIR=$(HOSTS)/tree >/dev/null && \
	  dotnet build tests/DlmUpdater.Hosts -c Release && \
	  DLM_UPDATER_HOST_ROOT=$(HOST_ROOT) DLM_UPDATER_TREE=$(HOSTS)/tree dotnet test tests/DlmUpdater.Hosts -c Release --no-build; \
	fi

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
	mmdebstrap --quiet --mode=root --variant=minbase --include=systemd,systemd-sysv,dbus,udev,procps,libssl3,ca-certificates bookworm $(HOST_ROOT)
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

## install: owns every installed path; rpm and deb call it
install: build
	install -D -m 0755 $(BIN) $(DESTDIR)$(PREFIX)/bin/dlm-updater
	for n in foreman_dlm_updater dlm_engine_updater updatelock locksmithctl; do ln -sf dlm-updater $(DESTDIR)$(PREFIX)/bin/$$n; done
	cd src/dist/hooks && find . -type f -exec install -D -m 0755 {} $(abspath $(DESTDIR)/)$(PREFIX)/share/dlm-updater/hooks/{} \;
	install -d -m 0755 $(DESTDIR)/etc/dlm-updater
	for d in needs_update pre_update update needs_reboot post_update; do install -d -m 0755 $(DESTDIR)/etc/dlm-updater/$$d.d; done
	test -e $(DESTDIR)/etc/dlm-updater/config.ini || install -m 0644 src/dist/etc/config.ini $(DESTDIR)/etc/dlm-updater/config.ini
	install -d -m 0755 $(DESTDIR)/var/lib/dlm-updater
	install -D -m 0644 src/dist/man/dlm-updater.8 $(DESTDIR)$(PREFIX)/share/man/man8/dlm-updater.8
	install -D -m 0644 src/dist/man/dlm-updater.ini.5 $(DESTDIR)$(PREFIX)/share/man/man5/dlm-updater.ini.5

clean:
	rm -rf $(OUT)
	find src tests -type d \( -name bin -o -name obj \) -prune -exec rm -rf {} +
