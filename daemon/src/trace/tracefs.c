/* SPDX-License-Identifier: MIT */
#include "trace/tracefs.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "util.h"

#define VS_REMOVE_TRIES 100
#define VS_REMOVE_PAUSE_MS 50

char *vs_tracefs_read(int folder, const char *path)
{
	_vs_close_ int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);
	size_t size = 0, room = 0;
	char *text = NULL;
	ssize_t n;

	if (fd < 0)
		return NULL;
	do {
		if (size + 1 >= room) {
			room = room * 2 + 8192;
			text = vs_xrealloc(text, room, 1);
		}
		n = read(fd, text + size, room - size - 1);
		if (n < 0) {
			free(text);
			return NULL;
		}
		size += (size_t)n;
	} while (n);
	text[size] = 0;
	return text;
}

static int vs_file_write(int folder, const char *path, int flags, const char *text)
{
	_vs_close_ int fd = openat(folder, path, O_WRONLY | O_CLOEXEC | flags);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* A mount of our own that is attached nowhere, as for debugfs in board/driver_msm.c. */
static int vs_tracefs_mount(void)
{
	_vs_close_ int context = (int)syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
	int fd;

	if (context < 0 || syscall(SYS_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		return -errno;
	fd = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
	return fd < 0 ? -errno : fd;
}

/* The process whose name an instance or a group bears is gone. A name that is not ours is never gone. */
static bool vs_owner_is_gone(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	char *end;
	long pid;

	if (strncmp(name, prefix, n))
		return false;
	pid = strtol(name + n, &end, 10);
	return end != name + n && !*end && pid > 0 && kill((pid_t)pid, 0) && errno == ESRCH;
}

/* What daemons left whose keeper was killed too. Groups are named like their instance. */
static void vs_tracefs_sweep(int root)
{
	_vs_free_ char *events = vs_tracefs_read(root, "dynamic_events");
	int fd = openat(root, "instances", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char *save = NULL;

	while (folder && (entry = readdir(folder))) {
		char group[32];

		if (!vs_owner_is_gone(entry->d_name, "vascope."))
			continue;
		snprintf(group, sizeof(group), "vascope_%.20s", entry->d_name + strlen("vascope."));
		vs_tracefs_remove(root, entry->d_name, group);
	}
	if (folder)
		closedir(folder);
	for (char *line = events ? strtok_r(events, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char group[32] = "", command[64];

		if (sscanf(line, "%*[^:]:%31[^/]/", group) != 1 || !vs_owner_is_gone(group, "vascope_"))
			continue;
		snprintf(command, sizeof(command), "-:%s/\n", group);
		vs_file_write(root, "dynamic_events", O_APPEND, command);
	}
}

int vs_tracefs_open(int *ret_root)
{
	int root = open("/sys/kernel/tracing", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* The mount point is there without the mount, too. */
	if (root >= 0 && faccessat(root, "dynamic_events", F_OK, 0)) {
		close(root);
		root = -1;
	}
	if (root < 0)
		root = vs_tracefs_mount();
	if (root < 0)
		return root;
	if (faccessat(root, "dynamic_events", W_OK, AT_EACCESS)) {
		int r = -errno;

		close(root);
		return r;
	}
	vs_tracefs_sweep(root);
	*ret_root = root;
	return 0;
}

int vs_tracefs_write(const struct vs_tracefs *tracefs, const char *path, const char *text)
{
	return vs_file_write(tracefs->instance, path, 0, text);
}

int vs_tracefs_define(const struct vs_tracefs *tracefs, const char *definition)
{
	return vs_file_write(tracefs->root, "dynamic_events", O_APPEND, definition);
}

int vs_tracefs_remove(int root, const char *name, const char *group)
{
	char text[64];
	int r = 0;

	snprintf(text, sizeof(text), "instances/%s", name);
	if (unlinkat(root, text, AT_REMOVEDIR) && errno != ENOENT)
		r = -errno;
	snprintf(text, sizeof(text), "-:%s/\n", group);
	if (!r)
		r = vs_file_write(root, "dynamic_events", O_APPEND, text);
	return r == -ENOENT ? 0 : r;
}

int vs_tracefs_remove_used(int root, const char *name, const char *group)
{
	const struct timespec pause = { .tv_nsec = VS_REMOVE_PAUSE_MS * 1000000 };
	int r = vs_tracefs_remove(root, name, group);

	for (int i = 0; r && i < VS_REMOVE_TRIES; i++) {
		nanosleep(&pause, NULL);
		r = vs_tracefs_remove(root, name, group);
	}
	return r;
}

static int vs_tracefs_cpu(struct vs_tracefs *tracefs, unsigned int cpu)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = cpu };
	char path[64];

	snprintf(path, sizeof(path), "per_cpu/cpu%u/trace_pipe_raw", cpu);
	tracefs->pipes[cpu] = openat(tracefs->instance, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	snprintf(path, sizeof(path), "per_cpu/cpu%u/stats", cpu);
	tracefs->stats[cpu] = openat(tracefs->instance, path, O_RDONLY | O_CLOEXEC);
	if (tracefs->pipes[cpu] < 0)
		return errno == ENOENT ? 0 : -errno; /* possible, but not there */
	return epoll_ctl(tracefs->poll, EPOLL_CTL_ADD, tracefs->pipes[cpu], &event) ? -errno : 0;
}

static int vs_tracefs_set_up(struct vs_tracefs *tracefs, unsigned int kib)
{
	_vs_free_ char *page = NULL;
	uint32_t offset, size;
	char text[32];
	int r;

	snprintf(text, sizeof(text), "%u", kib);
	r = vs_tracefs_write(tracefs, "tracing_on", "0");
	if (!r)
		r = vs_tracefs_write(tracefs, "trace_clock", "mono");
	if (!r)
		r = vs_tracefs_write(tracefs, "options/overwrite", "0"); /* what was not read is never written over */
	if (!r)
		r = vs_tracefs_write(tracefs, "buffer_size_kb", text);
	if (r)
		return r;
	page = vs_tracefs_read(tracefs->root, "events/header_page");
	if (!page || !vs_tracefs_field(page, "data", &offset, &size))
		return -EPROTO;
	tracefs->subbuf = offset + size;
	if (tracefs->subbuf > VS_TRACEFS_SUBBUF_MAX)
		return -E2BIG;
	tracefs->on = openat(tracefs->instance, "tracing_on", O_WRONLY | O_CLOEXEC);
	/* Without it what probes missed is not told. */
	tracefs->profile = openat(tracefs->root, "kprobe_profile", O_RDONLY | O_CLOEXEC);
	tracefs->poll = epoll_create1(EPOLL_CLOEXEC);
	if (tracefs->on < 0 || tracefs->poll < 0)
		return -errno;
	for (unsigned int cpu = 0; cpu < tracefs->n_cpus && !r; cpu++)
		r = vs_tracefs_cpu(tracefs, cpu);
	return r;
}

int vs_tracefs_make(struct vs_tracefs *tracefs, int root, unsigned int n_cpus, unsigned int kib)
{
	char path[64];
	int r;

	*tracefs = (struct vs_tracefs){ .root = root, .instance = -1, .on = -1, .profile = -1, .poll = -1, .n_cpus = n_cpus };
	snprintf(tracefs->name, sizeof(tracefs->name), "vascope.%d", getpid());
	snprintf(tracefs->group, sizeof(tracefs->group), "vascope_%d", getpid());
	snprintf(path, sizeof(path), "instances/%s", tracefs->name);
	tracefs->pipes = vs_xcalloc(n_cpus, sizeof(*tracefs->pipes));
	tracefs->stats = vs_xcalloc(n_cpus, sizeof(*tracefs->stats));
	memset(tracefs->pipes, 0xff, n_cpus * sizeof(*tracefs->pipes));
	memset(tracefs->stats, 0xff, n_cpus * sizeof(*tracefs->stats));
	if (mkdirat(root, path, 0700)) {
		r = -errno;
		tracefs->root = -1; /* the caller's still */
		vs_tracefs_close(tracefs);
		return r;
	}
	if ((tracefs->instance = openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = -errno;
	else
		r = vs_tracefs_set_up(tracefs, kib);
	if (r)
		vs_tracefs_discard(tracefs);
	return r;
}

void vs_tracefs_close(struct vs_tracefs *tracefs)
{
	int *descriptors[] = { &tracefs->on, &tracefs->profile, &tracefs->poll, &tracefs->instance, &tracefs->root };

	for (unsigned int cpu = 0; cpu < tracefs->n_cpus; cpu++) {
		if (tracefs->pipes[cpu] >= 0)
			close(tracefs->pipes[cpu]);
		if (tracefs->stats[cpu] >= 0)
			close(tracefs->stats[cpu]);
	}
	for (size_t i = 0; i < VS_ARRAY_SIZE(descriptors); i++)
		if (*descriptors[i] >= 0)
			close(*descriptors[i]);
	free(tracefs->pipes);
	free(tracefs->stats);
	*tracefs = (struct vs_tracefs){ .root = -1, .instance = -1, .on = -1, .profile = -1, .poll = -1 };
}

void vs_tracefs_discard(struct vs_tracefs *tracefs)
{
	struct vs_tracefs made = *tracefs;
	int r;

	tracefs->root = -1;
	vs_tracefs_close(tracefs);
	r = vs_tracefs_remove_used(made.root, made.name, made.group);
	if (r)
		fprintf(stderr, "vascoped: tracefs instance %s cannot be removed: %s\n", made.name, strerror(-r));
}

void vs_tracefs_on(const struct vs_tracefs *tracefs, bool on)
{
	if (pwrite(tracefs->on, on ? "1" : "0", 1, 0) < 0)
		fprintf(stderr, "vascoped: tracing cannot be switched %s: %s\n", on ? "on" : "off", strerror(errno));
}

size_t vs_tracefs_take(const struct vs_tracefs *tracefs, unsigned int cpu, uint8_t *page)
{
	ssize_t n = tracefs->pipes[cpu] < 0 ? -1 : read(tracefs->pipes[cpu], page, tracefs->subbuf);

	return n > 0 ? (size_t)n : 0;
}

char *vs_tracefs_profile(const struct vs_tracefs *tracefs)
{
	size_t size = 0, room = 0;
	char *text = NULL;
	ssize_t n = 0;

	if (tracefs->profile < 0)
		return NULL;
	do {
		size += (size_t)n;
		if (size + 1 >= room) {
			room = room * 2 + 16384;
			text = vs_xrealloc(text, room, 1);
		}
		n = pread(tracefs->profile, text + size, room - size - 1, (off_t)size);
	} while (n > 0);
	text[size] = 0;
	return text;
}

uint64_t vs_tracefs_lost(const struct vs_tracefs *tracefs, unsigned int cpu)
{
	char text[1024];
	ssize_t n = tracefs->stats[cpu] < 0 ? -1 : pread(tracefs->stats[cpu], text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = 0;
	/* "commit overrun" has a name that ends like "overrun": a name is matched from the start of its line. */
	return vs_tracefs_stat(text, "overrun") + vs_tracefs_stat(text, "commit overrun") +
	       vs_tracefs_stat(text, "dropped events");
}
