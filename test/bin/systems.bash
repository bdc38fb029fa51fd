# Systems of Debian's packages alone, each in a temporary folder, for scripts that define
# die(). They are made as root, see nothing of this machine but what is copied into them, and
# have no network.

can_make_systems() {
	((EUID == 0)) || die 'it must be root, to make systems'
	command -v mmdebstrap >/dev/null || die 'needs mmdebstrap'
}

# A folder that goes at the end, as work
folder_for_systems() {
	work=$(mktemp -d "${TMPDIR:-/var/tmp}/clientcore-systems.XXXXXX")
	chmod 755 "$work"
	trap 'grep -qF " $work/" /proc/self/mounts || rm -rf --one-file-system "$work"' EXIT
}

# Where this machine's own packages come from
mirror() {
	local found
	found=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep -v security | sort -u | head -n 1)
	[[ -n $found ]] || die 'no source of packages is known to apt here'
	echo "$found"
}

# ROOT PACKAGE,... PREFERENCES RELEASE SOURCE...; no cluster is made in it.
new_system() {
	local root=$1 packages=$2 preferences=$3
	shift 3
	mmdebstrap --quiet --variant=apt --mode=root --include="$packages" \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--setup-hook="mkdir -p \"\$1/etc/apt/preferences.d\"; echo '$preferences' >\"\$1/etc/apt/preferences.d/postgresql\"" \
		--essential-hook="mkdir -p \"\$1/etc/postgresql-common/createcluster.d\"; echo 'create_main_cluster = false' >\"\$1/etc/postgresql-common/createcluster.d/none.conf\"" \
		"$1" "$root" "${@:2}"
}

# In the system, in namespaces of its own: no network but loopback, its own processes.
run_inside() {
	local root=$1
	unshare --mount --pid --net --fork --kill-child bash -euo pipefail -c '
		root=$1
		shift
		mount --make-rprivate /
		mount -t proc proc "$root/proc"
		mount -t tmpfs -o mode=755 dev "$root/dev"
		for device in null zero full random urandom tty; do
			touch "$root/dev/$device"
			mount --bind "/dev/$device" "$root/dev/$device"
		done
		ln -s /proc/self/fd "$root/dev/fd"
		mkdir "$root/dev/shm" "$root/dev/pts"
		chmod 1777 "$root/dev/shm"
		mount -t tmpfs -o mode=1777 tmp "$root/tmp"
		ip link set lo up 2>/dev/null || true
		exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"' - "$@"
}

remove_system() {
	# nothing is mounted in it any more: the mounts went with their namespace
	! grep -qF " $1/" /proc/self/mounts || die "something is still mounted in $1"
	rm -rf --one-file-system "$1"
}
