# Sourced by scripts that work in fresh systems, as root: check-distros,
# check-packages, check-systemd and check-container. The caller sets `systems`, the
# names of those it knows, and calls in_namespace "$@" first, then make_folder.
#
# Trees, made by debootstrap, lie in $out, which is build/distros, or
# TMPDIR/blindfit-distros. Packages come from the mirror in the host's apt sources
# (or DEBIAN_MIRROR, UBUNTU_MIRROR), through its proxy.
self=${0##*/}
say() { echo "$self: $*" >&2; }

usage() # prints the comment at the top of the script
{
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
    exit 2
}

# Everything runs in a namespace of its own, whose mounts and processes end with
# the first process of the namespace.
in_namespace() # the script's arguments
{
    [ "${BLINDFIT_DISTROS:-}" != inside ] || return 0
    [ "$(id -u)" = 0 ] || {
        say "needs root, for debootstrap and chroot"
        exit 1
    }
    for tool in debootstrap wget; do
        command -v $tool >/dev/null || {
            say "needs the package $tool"
            exit 1
        }
    done
    BLINDFIT_DISTROS=inside unshare --mount --pid --fork --kill-child \
        --mount-proc "$0" "$@" &
    trap 'kill -KILL $!; exit 130' INT TERM HUP
    wait $!
    exit
}

choose() # NAME[,NAME]: sets `wanted`
{
    wanted=$(echo "$1" | tr , ' ')
    for system in $wanted; do
        case " $systems " in
        *" $system "*) ;;
        *)
            say "knows no system '$system', but $systems"
            exit 2
            ;;
        esac
    done
}

make_folder()
{
    if [ -n "${TMPDIR:-}" ]; then
        out=$TMPDIR/blindfit-distros
    else
        out=$PWD/build/distros
    fi
    mkdir -p "$out" || exit 1
    [ -z "$(git status --porcelain)" ] ||
        say "what is not committed here is left out"
}

# The proxy of apt's own files serves debootstrap and the trees as well.
if [ -z "${http_proxy:-}" ]; then
    eval "$(apt-config shell http_proxy Acquire::http::Proxy 2>/dev/null)"
    [ -z "${http_proxy:-}" ] || export http_proxy
fi

title() # system
{
    case $1 in
    bookworm) echo Debian 12 ;;
    trixie) echo Debian 13 ;;
    noble) echo Ubuntu 24.04 ;;
    esac
}

mirror_of() # origin
{
    case $1 in
    Debian) given=${DEBIAN_MIRROR:-} public=http://deb.debian.org/debian ;;
    Ubuntu) given=${UBUNTU_MIRROR:-} public=http://archive.ubuntu.com/ubuntu ;;
    esac
    [ -n "$given" ] || given=$(apt-get indextargets --format '$(SITE)' \
        'Created-By: Packages' "Label: $1" 2>/dev/null | head -1)
    echo "${given:-$public}"
}

answers() # mirror, system
{
    wget -q -O /dev/null --timeout=30 --tries=2 "$1/dists/$2/InRelease"
}

# Debian 12 has no package of Ubuntu's keys; Debian 13 has.
ubuntu_keys() # file to put them into
{
    ring=usr/share/keyrings/ubuntu-archive-keyring.gpg
    [ -s /$ring ] && cp /$ring "$1" && return
    [ -d "$out/trixie/proc/self" ] ||
        { bootstrap trixie && mount_into trixie; } || return
    inside trixie "apt-get update -qq &&
        apt-get install -y -qq --no-install-recommends ubuntu-archive-keyring" \
        >"$1.log" 2>&1 && cp "$out/trixie/$ring" "$1"
}

# Makes a minimal tree with the packages, and the keys for apt's signatures. On
# failure `why` is the reason.
bootstrap() # system [PACKAGE[,PACKAGE]]
{
    packages=${2:-}
    origin=$(title "$1")
    origin=${origin% *}
    mirror=$(mirror_of "$origin")
    answers "$mirror" "$1" || {
        why="mirror not reachable: $mirror"
        return 1
    }
    # Uses the script of the distribution's origin, as debootstrap does not know
    # the names of newer releases.
    scripts=/usr/share/debootstrap/scripts
    case $origin in
    Debian)
        set -- "$1" main $scripts/sid
        keys=/usr/share/keyrings/debian-archive-keyring.gpg
        ;;
    Ubuntu)
        set -- "$1" main,universe $scripts/gutsy
        keys=$out/ubuntu-archive-keyring.gpg
        (ubuntu_keys "$keys") || {
            why="no keys: install ubuntu-archive-keyring"
            return 1
        }
        ;;
    esac
    rm -rf --one-file-system "${out:?}/$1"
    debootstrap --variant=minbase --components="$2" --keyring="$keys" \
        ${packages:+--include="$packages"} "$1" "$out/$1" "$mirror" "$3" \
        >"$out/$1-debootstrap.log" 2>&1 || {
        why="debootstrap failed: $out/$1-debootstrap.log"
        return 1
    }
    rm -f "$out/$1"/var/cache/apt/archives/*.deb
    # Systems as they are after installation have the updates, too. Without these,
    # Ubuntu's gcc 13.2 misaligns variables when AddressSanitizer is on.
    [ "$origin" != Ubuntu ] || echo "deb $mirror $1-updates main universe" \
        >>"$out/$1/etc/apt/sources.list"
}

# What programs expect; before commands run in a tree.
mount_into() # tree
{
    mount -t proc proc "$out/$1/proc" &&
        mount -t devpts -o newinstance,ptmxmode=0666 devpts "$out/$1/dev/pts"
}

# For programs that refuse the older hierarchies, which keep their controllers.
mount_cgroup2()
{
    [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] ||
        mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit 1
}

remove_trees() # tree...
{
    for tree; do
        for mounted in proc dev/pts run/netns work; do
            umount "$out/$tree/$mounted" 2>/dev/null
        done
        rm -rf --one-file-system "${out:?}/$tree"
    done
}

# Runs a command in a tree, as root. Of the host's environment the command sees only
# proxies and OpenBLAS's processor type.
inside() # tree, command
{
    passed=$(env | sed -n \
        's/^\([a-zA-Z]*_[pP][rR][oO][xX][yY]\|OPENBLAS_[A-Z0-9]*\)=.*/\1/p')
    set -- "$1" "$2" HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    for name in $passed; do
        eval "set -- \"\$@\" $name=\"\$$name\""
    done
    tree=$out/$1 script=$2
    shift 2
    env -i "$@" chroot "$tree" sh -c "$script" </dev/null
}
