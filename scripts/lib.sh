# shellcheck shell=bash
# lib.sh -- what the scripts share: paths, messages, the cache, apt.
#
# How to use:  . "$(dirname "$0")/lib.sh"   (tests/emulation: ../../scripts/lib.sh), after set -euo pipefail
# Expect:      no output, nothing is changed; ROOT is the repository, CACHE the folder for what is slow to make.
# Time:        nothing
#
# The cache is ${XDG_CACHE_HOME:-~/.cache}/kxf.  An entry is a folder NAME-KEY, where KEY is a hash of all that the entry
# was made from (package versions, the script that makes it).  It appears complete or not at all.  Removing any part
# of the cache is always safe: it is made again when wanted.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/kxf
JOBS=${JOBS:-$(nproc)}
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }
die() { say "$*"; exit 1; }

# as_root COMMAND...: run it directly as root, by sudo as anyone else
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; return; fi
  command -v sudo >/dev/null || die "not root and no sudo; as root, run: $*"
  sudo "$@"
}

# our_files PATTERN...: files of the tree with such names (not build/), paths from the repository's root
our_files() {
  local tests=() pattern
  for pattern; do tests+=(-o -name "$pattern"); done
  ( cd "$ROOT" && find . \( -path ./build -o -name .git \) -prune -o -type f \( "${tests[@]:1}" \) -print ) | sed 's|^\./||' | sort
}

# ---- cache -----------------------------------------------------------------------------------------------------------

# key TEXT...: a short hash of the texts
key() { printf '%s\n' "$@" | sha256sum | cut -c1-12; }

# hash_of FILE...: a short hash of the contents
hash_of() { cat -- "$@" | sha256sum | cut -c1-12; }

# cached NAME KEY FUNCTION: print the path of the entry; when there is none, FUNCTION makes it, given an empty folder.
# Two scripts that want the same entry wait for each other.
cached() {
  local entry=$CACHE/$1-$2 make=$3 lock
  if [ ! -d "$entry" ]; then
    mkdir -p "$CACHE"
    exec {lock}>"$CACHE/.lock-$1"
    flock "$lock"
    if [ ! -d "$entry" ]; then
      rm -rf "$entry.new"
      mkdir "$entry.new"
      # in a process of its own: within "... || die" the shell would ignore set -e
      "$make" "$entry.new" >&2 &
      wait $! || die "cannot make $entry"
      mv "$entry.new" "$entry"
    fi
    exec {lock}>&-
  fi
  echo "$entry"
}

# ---- packages of this machine ----------------------------------------------------------------------------------------

APT_OPTIONS=(-qq -o DPkg::Lock::Timeout=300 -o APT::Sandbox::User=root -o Acquire::Retries=3)

# missing PACKAGE...: those that are not installed
missing() {
  local installed
  installed=$(dpkg-query -Wf '${db:Status-Abbrev}|${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *|//p' | sort -u || true)
  printf '%s\n' "$@" | sort -u | grep -vxF -e "${installed:-no package}" || true
}

# install PACKAGE...: those that are missing.  The lists are fetched only when the install does not succeed without.
install_packages() {
  local want attempt
  mapfile -t want < <(missing "$@")
  [ ${#want[@]} -gt 0 ] || return 0
  say "installing ${want[*]}"
  for attempt in 0 1 2 3; do
    # One broken index among many fails the whole update although what we need may be known: the install tells
    [ "$attempt" = 0 ] || as_root apt-get "${APT_OPTIONS[@]}" update >&2 || say "apt-get update complained; going on"
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get "${APT_OPTIONS[@]}" install -y \
        --no-install-recommends "${want[@]}" >&2; then return 0; fi
    [ "$attempt" = 0 ] || sleep $((attempt * 5))
  done
  die "cannot install: ${want[*]}"
}

# ---- packages of a target, downloaded and unpacked, never installed --------------------------------------------------

# target_apt ARCH COMMAND...: apt-get or apt-cache that sees an empty machine of architecture ARCH.  It keeps its lists in
# the cache, so it needs no root, and the machine does not learn of a foreign architecture.
target_apt() {
  local arch=$1 state=$CACHE/apt-$1; shift
  if [ ! -e "$state/apt.conf" ]; then
    mkdir -p "$state"/{lists/partial,archives/partial}
    : > "$state/status"
    cat > "$state/apt.conf" <<C
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
Dir::State "$state";
Dir::State::Lists "$state/lists";
Dir::State::status "$state/status";
Dir::Cache "$state";
Dir::Cache::archives "$state/archives";
APT::Install-Recommends "false";
Acquire::Languages "none";
C
  fi
  APT_CONFIG=$state/apt.conf "$@"
}

# target_update ARCH: fetch the lists of ARCH
target_update() {
  local attempt
  for attempt in 1 2 3; do
    if target_apt "$1" apt-get "${APT_OPTIONS[@]}" update >&2; then return 0; fi
    [ "$attempt" = 3 ] || sleep $((attempt * 5))
  done
  say "the lists of $1 are not complete; going on with what is known"
}

# target_knows ARCH PACKAGE...: fetch the lists when one of the packages is not known
target_knows() {
  local arch=$1; shift
  target_apt "$arch" apt-cache show "$@" >/dev/null 2>&1 && return 0
  target_update "$arch"
  target_apt "$arch" apt-cache show "$@" >/dev/null 2>&1 || die "apt does not know for $arch all of: $*"
}

# target_versions ARCH PACKAGE...: what would be unpacked, one "name version" each, dependencies included
target_versions() {
  local arch=$1; shift
  target_knows "$arch" "$@"
  target_apt "$arch" apt-get -qq -s install "$@" | sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' | sort
}

# target_unpack ARCH DIR PACKAGE...: unpack exactly these and no dependencies
target_unpack() {
  local arch=$1 into=$2 debs deb; shift 2
  target_knows "$arch" "$@"
  debs=$(mktemp -d "$CACHE/debs.XXXXXX")
  # the mirror may have gone on since the lists were fetched
  ( cd "$debs" && target_apt "$arch" apt-get "${APT_OPTIONS[@]}" download "$@" ) >&2 || {
    target_update "$arch"
    ( cd "$debs" && target_apt "$arch" apt-get "${APT_OPTIONS[@]}" download "$@" ) >&2
  }
  for deb in "$debs"/*.deb; do dpkg -x "$deb" "$into"; done
  rm -rf "$debs"
}

# target_unpack_all ARCH DIR PACKAGE...: unpack these and all that they depend on
target_unpack_all() {
  local arch=$1 into=$2 names; shift 2
  mapfile -t names < <(target_versions "$arch" "$@" | cut -d' ' -f1)
  [ ${#names[@]} -gt 0 ] || die "apt finds no way to unpack for $arch: $*"
  target_unpack "$arch" "$into" "${names[@]}"
}

# ---- ELF -------------------------------------------------------------------------------------------------------------

# needed_libraries ROOT FILE...: the shared libraries below ROOT that FILEs need, directly or through each other.
# NEEDED names that one of FILEs itself provides are not looked for.
needed_libraries() {
  local root=$1 machine todo next name path seen=" "; shift
  machine=$(elf_machine "$1")
  for path; do seen+="$(basename "$path") "; done
  todo=$(needed_names "$@")
  while [ -n "$todo" ]; do
    next=
    for name in $todo; do
      case $seen in *" $name "*) continue ;; esac
      seen+="$name "
      path=$(library_path "$root" "$name" "$machine") || die "no $name for $machine below $root"
      echo "$path"
      next+=" $(needed_names "$path")"
    done
    todo=$next
  done
}

needed_names() { readelf -dW "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u; }

elf_machine() { readelf -hW "$1" | sed -n 's/.*Machine: *//p'; }

# library_path ROOT NAME MACHINE: a machine may hold libraries of several architectures
library_path() {
  local dir
  for dir in "$1"/{usr/,}lib/{*-linux-gnu*/,} "$1"/{usr/,}lib64/; do
    if [ -e "$dir$2" ] && [ "$(elf_machine "$dir$2")" = "$3" ]; then echo "$dir$2"; return; fi
  done
  return 1
}
