/* SPDX-License-Identifier: MIT */
#include "priv/confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "util.h"

#define VS_NOBODY 65534

/* A decimal id above 0 from the environment; -ENOENT when it is not there. */
static int vs_id_from_environment(const char *name, unsigned int *ret)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value;

	if (!text)
		return -ENOENT;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || text[0] < '0' || text[0] > '9' || value >= 0xffffffffu)
		return -EINVAL;
	*ret = (unsigned int)value;
	return 0;
}

int vs_identity_find(struct vs_identity *identity)
{
	unsigned int uid, gid;
	int r;

	*identity = (struct vs_identity){ .uid = getuid(), .gid = getgid() };
	if (geteuid() != 0)
		return 0;
	r = vs_id_from_environment("SUDO_UID", &uid);
	if (!r)
		r = vs_id_from_environment("SUDO_GID", &gid);
	/* Root by itself, and sudo run by root, have no ordinary user to go back to. */
	if (r == -ENOENT || (!r && !uid)) {
		identity->uid = VS_NOBODY;
		identity->gid = VS_NOBODY;
		return 0;
	}
	if (r)
		return r;
	identity->uid = uid;
	identity->gid = gid ? gid : VS_NOBODY;
	return 0;
}

void vs_identity_add_group(struct vs_identity *identity, gid_t gid)
{
	/* A node that belongs to group root gives no access worth having, and root's group is a privilege. */
	if (gid == (gid_t)-1 || gid == 0 || identity->n_groups == VS_GROUPS_MAX)
		return;
	for (size_t i = 0; i < identity->n_groups; i++)
		if (identity->groups[i] == gid)
			return;
	identity->groups[identity->n_groups++] = gid;
}

static int vs_capabilities_clear(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &head, none) ? -errno : 0;
}

int vs_confine(const struct vs_identity *identity)
{
	bool root = geteuid() == 0;
	int r;

	if (root) {
		/* Needs CAP_SETPCAP, so before the ids change. EINVAL ends the list of what this kernel knows. */
		for (unsigned long cap = 0; !prctl(PR_CAPBSET_DROP, cap, 0, 0, 0); cap++)
			;
		if (errno != EINVAL)
			return -errno;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
			return -errno;
		if (setgroups(identity->n_groups, identity->groups))
			return -errno;
		if (setresgid(identity->gid, identity->gid, identity->gid) ||
		    setresuid(identity->uid, identity->uid, identity->uid))
			return -errno;
	}
	r = vs_capabilities_clear();
	if (r)
		return r;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	/* Trust nothing: a process that can become root again has not dropped anything. */
	if (root && (setuid(0) == 0 || geteuid() == 0 || getuid() == 0))
		return -EPERM;
	return 0;
}

int vs_lock(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0vascoped" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (!bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof("\0vascoped") - 1))
		return fd;
	r = -errno;
	close(fd);
	return r;
}
