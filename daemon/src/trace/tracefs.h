/* SPDX-License-Identifier: MIT */
/*
 * A tracefs instance of our own, so that nobody's tracing is disturbed, and what the kernel writes into its buffers.
 * Made while privileged; afterwards only its descriptors are used. The keeper (tracefs_keeper.h) removes it.
 *
 * Formats: Documentation/trace/ring-buffer-map.rst, kernel/trace/ring_buffer.c, include/linux/ring_buffer.h, Linux 7.3.4.
 */
#ifndef VS_TRACE_TRACEFS_H
#define VS_TRACE_TRACEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VS_TRACEFS_SUBBUF_MAX 65536

struct vs_tracefs {
	int root;     /* the file system */
	int instance; /* our folder in it, -1 where there is none */
	int on;       /* tracing_on, for writing */
	int profile;  /* kprobe_profile, which all instances share */
	char name[32];  /* of the instance, "vascope.123" */
	char group[32]; /* of its dynamic events, "vascope_123" */
	unsigned int n_cpus;
	int *pipes; /* per CPU trace_pipe_raw, -1 for a CPU that is not there */
	int *stats; /* per CPU stats */
	int poll;   /* epoll over the pipes: readable when half of a buffer waits */
	size_t subbuf; /* bytes that one read gives */
};

/* One event in a sub-buffer: when, and its binary record as the event's format file describes it. */
typedef void (*vs_tracefs_event_fn)(void *data, uint64_t time_ns, const uint8_t *record, size_t size);

/*
 * Opens tracefs, wherever it is mounted or not, and removes what dead daemons left. *ret_root is the caller's. 0, or -errno
 * where this kernel has none or we may not.
 */
int vs_tracefs_open(int *ret_root);
/* Makes the instance of this process with buffers of kib KiB per CPU, clock "mono", nothing on. Takes root on success. */
int vs_tracefs_make(struct vs_tracefs *tracefs, int root, unsigned int n_cpus, unsigned int kib);
/* Closes; what was made stays until the keeper removes it. */
void vs_tracefs_close(struct vs_tracefs *tracefs);
/* Closes and removes, for a set-up that failed before there was a keeper. Root is the caller's again. */
void vs_tracefs_discard(struct vs_tracefs *tracefs);

/* Makes a dynamic event from a definition as dynamic_events takes it. 0 or -errno. */
int vs_tracefs_define(const struct vs_tracefs *tracefs, const char *definition);
/* Writes a text into a file of the instance. 0 or -errno. */
int vs_tracefs_write(const struct vs_tracefs *tracefs, const char *path, const char *text);
/* The text of a file below a folder of tracefs, the caller's; NULL with errno. */
char *vs_tracefs_read(int folder, const char *path);

/* Removes an instance and the dynamic events that belong to it; 0, or -errno of what is still there. */
int vs_tracefs_remove(int root, const char *name, const char *group);
/* The same for an instance that was just in use, which the kernel needs a moment to let go of: at most 5 s. */
int vs_tracefs_remove_used(int root, const char *name, const char *group);

void vs_tracefs_on(const struct vs_tracefs *tracefs, bool on);
/* Reads one sub-buffer of a CPU into page (tracefs->subbuf bytes): its size, 0 when nothing waits. */
size_t vs_tracefs_take(const struct vs_tracefs *tracefs, unsigned int cpu, uint8_t *page);
/* Events that a CPU's buffer had no room for, since it was made. */
uint64_t vs_tracefs_lost(const struct vs_tracefs *tracefs, unsigned int cpu);

/* What probes missed since they were defined, as the kernel's text; the caller's. NULL where it cannot be read. */
char *vs_tracefs_profile(const struct vs_tracefs *tracefs);
/*
 * How often a probe of that name was missed, by that text: hit inside another one, or without room for its return. Probes of
 * the same name in another group are in it, too.
 */
uint64_t vs_tracefs_missed(const char *profile, const char *name);

/* Gives every event of a sub-buffer to the function, in order. False where the bytes make no sense. */
bool vs_tracefs_parse(const uint8_t *page, size_t size, vs_tracefs_event_fn event, void *data);
/* The number behind a name in a stats file, 0 where it is not. */
uint64_t vs_tracefs_stat(const char *text, const char *name);
/* Where a field lies in an event's record, as its format file says; false when it has none of that name. */
bool vs_tracefs_field(const char *format, const char *name, uint32_t *ret_offset, uint32_t *ret_size);

#endif
