/* SPDX-License-Identifier: MIT */
/*
 * The display side: finding something to scan out to, framebuffers, atomic commits. Works with any atomic
 * driver, through libdrm. Functions return 0 or -errno and write their outputs on success only.
 * fd is a card node of which the caller is DRM master.
 */
#ifndef VS_DRM_KMS_H
#define VS_DRM_KMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xf86drmMode.h>

/* The properties of one object by name; values are as of the time of reading. */
struct vs_kms_object {
	uint32_t id;
	uint32_t n;
	struct vs_kms_prop {
		uint32_t id;
		uint64_t value;
		char name[DRM_PROP_NAME_LEN];
	} *prop; /* owned: vs_kms_object_clear() */
};

/* type: DRM_MODE_OBJECT_*. */
int vs_kms_object_get(int fd, uint32_t id, uint32_t type, struct vs_kms_object *ret);
void vs_kms_object_clear(struct vs_kms_object *object);
/* NULL when the object has no such property. */
const struct vs_kms_prop *vs_kms_prop(const struct vs_kms_object *object, const char *name);

enum vs_kms_kind {
	VS_KMS_WRITEBACK, /* a writeback connector: nothing on any screen changes */
	VS_KMS_DISPLAY,   /* a connected display */
};

/* A free way from a plane to a connector. */
struct vs_kms_output {
	enum vs_kms_kind kind;
	struct vs_kms_object connector;
	struct vs_kms_object crtc;
	struct vs_kms_object plane; /* a primary plane */
	drmModeModeInfo mode;
};

/* -EBUSY: another process is DRM master. */
int vs_kms_become_master(int fd);
int vs_kms_drop_master(int fd);

/* Atomic and writeback connectors must be asked for before anything else is. */
int vs_kms_init(int fd);

/*
 * Find the first connector of this kind that has a CRTC and a primary plane, all three used by nobody: no CRTC that has
 * a mode, no plane or connector that belongs to another CRTC.
 * -ENODEV: there is no such connector. -EBUSY: there is, but it or what it needs is in use.
 */
int vs_kms_find_output(int fd, enum vs_kms_kind kind, struct vs_kms_output *ret);
void vs_kms_output_clear(struct vs_kms_output *output);

/* A linear XRGB8888 buffer for scanout. pitch in bytes. */
int vs_kms_dumb_new(int fd, uint32_t width, uint32_t height, uint32_t *ret_handle, uint32_t *ret_pitch);
int vs_kms_dumb_close(int fd, uint32_t handle);
int vs_kms_addfb(int fd, uint32_t width, uint32_t height, uint32_t handle, uint32_t pitch, uint32_t *ret_fb);
int vs_kms_rmfb(int fd, uint32_t fb);
/*
 * Whether the kernel still holds a framebuffer: after RMFB its id stays until the last plane or writeback
 * job has let go of it (drm_framebuffer_free(), Linux 7.3).
 */
int vs_kms_fb_exists(int fd, uint32_t fb, bool *ret_exists);

int vs_kms_mode_blob_new(int fd, const drmModeModeInfo *mode, uint32_t *ret_blob);
int vs_kms_blob_close(int fd, uint32_t blob);

/*
 * An atomic request: begin, set, commit. What goes wrong in between comes out of the commit, so that a
 * row of sets needs no checks; then missing names the property that an object does not have.
 */
struct vs_kms_commit {
	drmModeAtomicReq *req;
	int err;
	const char *missing;
};

void vs_kms_begin(struct vs_kms_commit *commit);
void vs_kms_set(struct vs_kms_commit *commit, const struct vs_kms_object *object, const char *name, uint64_t value);
/* flags: DRM_MODE_ATOMIC_*, DRM_MODE_PAGE_FLIP_EVENT with token as user_data. Frees the request. */
int vs_kms_commit(struct vs_kms_commit *commit, int fd, uint32_t flags, uint64_t token);

#endif
