#!/usr/bin/env bash
# Unpacks Debian's arm64 packages of libraries below build/, for the arm64 preset. Nothing is installed and no system
# setting changes. Usage: arm_libraries.sh PACKAGE…
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

root=$PWD/build/arm64-root
state=$PWD/build/arm64-apt
[[ -f $root/complete ]] && exit 0
rm -rf "$root" "$state"
mkdir -p "$root" "$state/lists/partial" "$state/archives/partial"
touch "$state/status"
apt=(apt-get -q -y -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o APT::Sandbox::User= -o Debug::NoLocking=1
  -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::Cache="$state")
"${apt[@]}" update >"$state/log"
"${apt[@]}" install --download-only --no-install-recommends "$@" >>"$state/log"
for package in "$state"/archives/*.deb; do
  case ${package##*/} in
    libc6* | libc-* | linux-libc* | libgcc* | libstdc* | gcc-*) ;; # the cross compiler has its own
    *) dpkg -x "$package" "$root" ;;
  esac
done
rm -rf "$state"
touch "$root/complete"
