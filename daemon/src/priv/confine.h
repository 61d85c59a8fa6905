/* SPDX-License-Identifier: MIT */
/*
 * Giving up privileges. What runs as root, and for how long, is in docs/privileges.md: the order of steps in
 * main.c is the point, and nothing here may move behind the first read of stdin.
 */
#ifndef VS_PRIV_CONFINE_H
#define VS_PRIV_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define VS_GROUPS_MAX 8

/* Who to become: the caller of sudo, nobody when root itself started us, or who we are already. */
struct vs_identity {
	uid_t uid;
	gid_t gid;
	gid_t groups[VS_GROUPS_MAX]; /* of the DRM nodes */
	size_t n_groups;
};

/* -EINVAL when SUDO_UID or SUDO_GID is there and is no id of an ordinary user. */
int vs_identity_find(struct vs_identity *identity);
void vs_identity_add_group(struct vs_identity *identity, gid_t gid);

/*
 * Become that user for good: groups, all three ids, no capability left or to be gained, not to be traced by the
 * user's other processes. 0, or -errno when any step failed; then the caller must exit.
 */
int vs_confine(const struct vs_identity *identity);

/*
 * One vascoped at a time is meant to be on a board. Advisory: a name in the abstract socket space, which needs no
 * file and is gone with the process. Nothing listens on it. A descriptor, or -errno.
 */
int vs_lock(void);

#endif
