# Sourced by installer/run and tests/run: finds or makes a place in which Posthorn can be built, and runs commands there.
#
#   house_choose [root]   sets HOUSE to "system" (this distribution has Qt 6.8 and QCA) or "root" (a Debian 13 root in
#                         $POSTHORN_CACHE, made when missing); with the word root: always that
#   house_install PKG...  installs Debian packages there (system: asks the distribution's package manager)
#   house CMD...          runs CMD there, in the checkout, as the user who called
#
# Works as root and as a user with sudo. Safe to run again at any time.
set -euo pipefail

SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${POSTHORN_CACHE:-/var/cache/posthorn}
ROOT=$CACHE/trixie
INSIDE=/posthorn # the checkout, as seen inside the root: always the same, so that ccache serves every checkout

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"
    elif command -v sudo >/dev/null; then sudo -- "$@"
    else fail "this needs root: run it as root, or install sudo"
    fi
}

BUILD_PACKAGES="g++ cmake ninja-build ccache qt6-base-dev qt6-base-dev-tools libqca-qt6-dev libqca-qt6-plugins
    libqt6sql6-sqlite libssl-dev zlib1g-dev python3 ca-certificates"

version_at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# True when this distribution's own packages are new enough.
system_has_qt() {
    if command -v apt-get >/dev/null; then
        local candidate
        candidate=$(apt-cache policy qt6-base-dev 2>/dev/null | sed -n 's/^ *Candidate: *\([0-9]*:\)\?\([0-9.]*\).*/\2/p')
        [ -n "$candidate" ] && version_at_least 6.8 "$candidate" && apt-cache show libqca-qt6-dev >/dev/null 2>&1
    elif command -v dnf >/dev/null; then
        local release
        release=$(. /etc/os-release && echo "${VERSION_ID%%.*}")
        [ "${release:-0}" -ge 41 ]
    else
        return 1
    fi
}

house_choose() {
    if [ "${1:-}" != root ] && system_has_qt; then
        HOUSE=system
        say "This system has Qt 6.8 or newer and QCA: using its packages"
    else
        HOUSE=root
        say "Working in a Debian 13 root at $ROOT (this system stays as it is)"
        make_root
    fi
}

make_root() {
    if ! command -v debootstrap >/dev/null; then
        say "Installing debootstrap"
        if command -v apt-get >/dev/null; then
            as_root apt-get update -q >/dev/null || true
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q debootstrap >/dev/null
        elif command -v dnf >/dev/null; then as_root dnf install -y -q debootstrap
        elif command -v zypper >/dev/null; then as_root zypper -n install debootstrap
        elif command -v pacman >/dev/null; then as_root pacman -S --noconfirm debootstrap
        else fail "debootstrap is missing, and this system's package manager is not known here"
        fi
    fi
    as_root mkdir -p "$CACHE/ccache"
    as_root chmod 1777 "$CACHE/ccache"
    if [ ! -e "$ROOT/.complete" ]; then
        say "Making the Debian 13 root (about a minute)"
        as_root rm -rf --one-file-system "$ROOT.new"
        as_root debootstrap --variant=minbase trixie "$ROOT.new" "${POSTHORN_MIRROR:-http://deb.debian.org/debian}" \
            > /tmp/posthorn-debootstrap.$$.log 2>&1 || { tail -n 20 /tmp/posthorn-debootstrap.$$.log; fail "debootstrap failed"; }
        rm -f /tmp/posthorn-debootstrap.$$.log
        # Servers that tests install must not start by themselves.
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$ROOT.new/usr/sbin/policy-rc.d" >/dev/null
        as_root chmod +x "$ROOT.new/usr/sbin/policy-rc.d"
        as_root mkdir -p "$ROOT.new$INSIDE" "$ROOT.new/var/cache/ccache"
        # Never delete through a mount: an unfinished root with something mounted in it is left alone.
        if [ -e "$ROOT" ]; then
            grep -q " $ROOT/" /proc/self/mounts && fail "$ROOT is unfinished and has file systems mounted in it: unmount them first"
            as_root rm -rf --one-file-system "$ROOT"
        fi
        as_root mv "$ROOT.new" "$ROOT"
        as_root touch "$ROOT/.complete"
    fi
    as_root mkdir -p "$ROOT$INSIDE" "$ROOT/var/cache/ccache"
}

# Runs a command inside the root; $1: user and group as numbers, then the command. Mounts live in a namespace of their own.
in_root() {
    local who=$1
    shift
    as_root unshare --mount --propagation private bash -c '
        set -e
        root=$1 source=$2 inside=$3 cache=$4 who=$5
        shift 5
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" 2>/dev/null || true
        mount --bind "$source" "$root$inside"
        mount --bind "$cache/ccache" "$root/var/cache/ccache"
        cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
        cp -L /etc/hosts "$root/etc/hosts" 2>/dev/null || true
        exec chroot --userspec="$who" "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
            HOME=/tmp LANG=C.UTF-8 TERM="${TERM:-dumb}" CCACHE_DIR=/var/cache/ccache CCACHE_MAXSIZE=5G \
            CCACHE_SLOPPINESS=pch_defines,time_macros \
            DISPLAY="${DISPLAY:-}" DEBIAN_FRONTEND=noninteractive POSTHORN_JOBS="${POSTHORN_JOBS:-}" \
            bash -c "cd \"\$0\" && exec \"\$@\"" "$inside" "$@"
    ' in_root "$ROOT" "$SOURCE" "$INSIDE" "$CACHE" "$who" "$@"
}

house() {
    if [ "$HOUSE" = root ]; then in_root "$(id -u):$(id -g)" "$@"
    else (cd "$SOURCE" && "$@")
    fi
}

# The same with root's rights, for tests that mount file systems or start servers of their own.
house_as_root() {
    if [ "$HOUSE" = root ]; then in_root 0:0 "$@"
    else (cd "$SOURCE" && as_root "$@")
    fi
}

house_install() {
    local stamp list
    list=$(printf '%s\n' "$@" | sort -u | tr '\n' ' ')
    if [ "$HOUSE" = root ]; then
        stamp=$ROOT/.installed-$(printf '%s' "$list" | cksum | cut -d' ' -f1)
        [ -e "$stamp" ] && return
        say "Installing packages in the root"
        in_root 0:0 bash -c '
            set -e
            apt-get update -q >/dev/null
            echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
            apt-get install -y -q --no-install-recommends "$@" >/tmp/apt.log 2>&1 || { tail -n 30 /tmp/apt.log; exit 1; }
        ' install "$@"
        as_root touch "$stamp"
    elif command -v apt-get >/dev/null; then
        if ! dpkg -s $list >/dev/null 2>&1; then
            say "Installing packages: $list"
            as_root apt-get update -q >/dev/null
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $list >/dev/null
        fi
    else
        say "Installing packages with dnf"
        as_root dnf install -y -q gcc-c++ cmake ninja-build ccache qt6-qtbase-devel qca-qt6-devel qca-qt6-ossl \
            openssl-devel zlib-devel python3
    fi
}

jobs() { echo "${POSTHORN_JOBS:-$(nproc)}"; }

# house_build PRESET [cmake options] -- TARGET...
house_build() {
    local preset=$1 options=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ $# -gt 0 ] && shift
    local folder=build/$HOUSE/$preset
    say "Building ($preset)"
    house cmake --preset "$preset" -B "$folder" "${options[@]}" > /tmp/posthorn-configure.$$.log 2>&1 \
        || { tail -n 30 /tmp/posthorn-configure.$$.log; fail "cmake failed"; }
    rm -f /tmp/posthorn-configure.$$.log
    house cmake --build "$folder" -j "$(jobs)" ${1:+--target "$@"} > /tmp/posthorn-build.$$.log 2>&1 \
        || { grep -E 'error|FAILED|undefined' /tmp/posthorn-build.$$.log | head -n 40; tail -n 20 /tmp/posthorn-build.$$.log; fail "the build failed"; }
    rm -f /tmp/posthorn-build.$$.log
}
