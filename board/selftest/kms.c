// SPDX-License-Identifier: MIT
/* The display: one atomic commit that scans a framebuffer out into another by the writeback connector. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drm.h"
#include "drm_fourcc.h"
#include "drm_mode.h"
#include "selftest.h"

#define NODE		"/dev/dri/card0"
#define WIDTH		640
#define HEIGHT		480
#define MAX_OBJECTS	16
#define MAX_PROPERTIES	64
#define PLANE_TYPE_PRIMARY 1

struct commit {
	uint32_t objects[MAX_OBJECTS];
	uint32_t counts[MAX_OBJECTS];
	uint32_t n_objects;
	uint32_t properties[MAX_PROPERTIES];
	uint64_t values[MAX_PROPERTIES];
	uint32_t n_properties;
	int error;
};

/* The id of an object's property, and its value now; 0 when it has none of that name. */
static uint32_t property(int fd, uint32_t object, uint32_t type, const char *name, uint64_t *ret_value)
{
	uint32_t ids[MAX_PROPERTIES];
	uint64_t values[MAX_PROPERTIES];
	struct drm_mode_obj_get_properties get = {
		.props_ptr = (uintptr_t)ids,
		.prop_values_ptr = (uintptr_t)values,
		.count_props = MAX_PROPERTIES,
		.obj_id = object,
		.obj_type = type,
	};
	uint32_t i;

	if (IOCTL(fd, MODE_OBJ_GETPROPERTIES, &get))
		return 0;
	for (i = 0; i < get.count_props && i < MAX_PROPERTIES; i++) {
		struct drm_mode_get_property info = { .prop_id = ids[i] };

		if (IOCTL(fd, MODE_GETPROPERTY, &info) || strcmp(info.name, name))
			continue;
		if (ret_value)
			*ret_value = values[i];
		return ids[i];
	}
	return 0;
}

/* Adds a property to the commit; those of one object must follow one another. */
static void set(struct commit *commit, int fd, uint32_t object, uint32_t type, const char *name, uint64_t value)
{
	uint32_t id = property(fd, object, type, name, NULL);

	if (!id || commit->n_properties == MAX_PROPERTIES || commit->n_objects == MAX_OBJECTS) {
		fprintf(stderr, "object %u has no property %s\n", object, name);
		commit->error = -ENOENT;
		return;
	}
	if (!commit->n_objects || commit->objects[commit->n_objects - 1] != object) {
		commit->objects[commit->n_objects] = object;
		commit->counts[commit->n_objects++] = 0;
	}
	commit->counts[commit->n_objects - 1]++;
	commit->properties[commit->n_properties] = id;
	commit->values[commit->n_properties++] = value;
}

static int commit_send(struct commit *commit, int fd)
{
	struct drm_mode_atomic atomic = {
		.flags = DRM_MODE_ATOMIC_ALLOW_MODESET,
		.count_objs = commit->n_objects,
		.objs_ptr = (uintptr_t)commit->objects,
		.count_props_ptr = (uintptr_t)commit->counts,
		.props_ptr = (uintptr_t)commit->properties,
		.prop_values_ptr = (uintptr_t)commit->values,
	};

	return commit->error ?: IOCTL(fd, MODE_ATOMIC, &atomic);
}

int framebuffer(int fd, uint32_t width, uint32_t height, uint32_t *ret_fb)
{
	struct drm_mode_create_dumb create = { .width = width, .height = height, .bpp = 32 };
	struct drm_mode_fb_cmd2 add = {
		.width = width,
		.height = height,
		.pixel_format = DRM_FORMAT_XRGB8888,
	};
	int ret = IOCTL(fd, MODE_CREATE_DUMB, &create);

	if (ret)
		return ret;
	add.handles[0] = create.handle;
	add.pitches[0] = create.pitch;
	ret = IOCTL(fd, MODE_ADDFB2, &add);
	if (!ret)
		*ret_fb = add.fb_id;
	return ret;
}

struct pipe {
	uint32_t crtc;
	uint32_t connector;
	uint32_t plane;
};

static int pipe_find(int fd, struct pipe *ret_pipe)
{
	uint32_t crtcs[MAX_OBJECTS], connectors[MAX_OBJECTS], planes[MAX_OBJECTS];
	struct drm_mode_card_res resources = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_crtcs = MAX_OBJECTS,
		.count_connectors = MAX_OBJECTS,
	};
	struct drm_mode_get_plane_res plane_resources = {
		.plane_id_ptr = (uintptr_t)planes,
		.count_planes = MAX_OBJECTS,
	};
	struct pipe pipe = {};
	uint32_t i;
	int ret;

	ret = IOCTL(fd, MODE_GETRESOURCES, &resources);
	if (!ret)
		ret = IOCTL(fd, MODE_GETPLANERESOURCES, &plane_resources);
	if (ret)
		return ret;

	for (i = 0; i < resources.count_connectors && i < MAX_OBJECTS; i++) {
		struct drm_mode_get_connector get = { .connector_id = connectors[i] };

		ret = IOCTL(fd, MODE_GETCONNECTOR, &get);
		if (ret)
			return ret;
		if (get.connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
			pipe.connector = connectors[i];
	}
	for (i = 0; i < plane_resources.count_planes && i < MAX_OBJECTS && !pipe.plane; i++) {
		uint64_t type = 0;

		if (property(fd, planes[i], DRM_MODE_OBJECT_PLANE, "type", &type) && type == PLANE_TYPE_PRIMARY)
			pipe.plane = planes[i];
	}
	if (resources.count_crtcs)
		pipe.crtc = crtcs[0];
	if (!pipe.crtc || !pipe.connector || !pipe.plane) {
		fprintf(stderr, "%s: no CRTC, primary plane or writeback connector\n", NODE);
		return -ENODEV;
	}
	*ret_pipe = pipe;
	return 0;
}

static int pipe_show(int fd, const struct pipe *pipe, uint32_t fb, uint32_t writeback_fb)
{
	struct drm_mode_modeinfo mode = {
		.clock = 25175,
		.hdisplay = WIDTH, .hsync_start = 656, .hsync_end = 752, .htotal = 800,
		.vdisplay = HEIGHT, .vsync_start = 490, .vsync_end = 492, .vtotal = 525,
		.vrefresh = 60,
		.name = "640x480",
	};
	struct drm_mode_create_blob blob = { .data = (uintptr_t)&mode, .length = sizeof(mode) };
	const uint32_t plane = DRM_MODE_OBJECT_PLANE;
	const uint32_t crtc = DRM_MODE_OBJECT_CRTC;
	const uint32_t connector = DRM_MODE_OBJECT_CONNECTOR;
	struct commit show = {};
	int32_t out_fence = -1;
	int ret;

	ret = IOCTL(fd, MODE_CREATEPROPBLOB, &blob);
	if (ret)
		return ret;

	set(&show, fd, pipe->plane, plane, "FB_ID", fb);
	set(&show, fd, pipe->plane, plane, "CRTC_ID", pipe->crtc);
	set(&show, fd, pipe->plane, plane, "SRC_X", 0);
	set(&show, fd, pipe->plane, plane, "SRC_Y", 0);
	set(&show, fd, pipe->plane, plane, "SRC_W", (uint64_t)WIDTH << 16);
	set(&show, fd, pipe->plane, plane, "SRC_H", (uint64_t)HEIGHT << 16);
	set(&show, fd, pipe->plane, plane, "CRTC_X", 0);
	set(&show, fd, pipe->plane, plane, "CRTC_Y", 0);
	set(&show, fd, pipe->plane, plane, "CRTC_W", WIDTH);
	set(&show, fd, pipe->plane, plane, "CRTC_H", HEIGHT);
	set(&show, fd, pipe->crtc, crtc, "ACTIVE", 1);
	set(&show, fd, pipe->crtc, crtc, "MODE_ID", blob.blob_id);
	set(&show, fd, pipe->connector, connector, "CRTC_ID", pipe->crtc);
	set(&show, fd, pipe->connector, connector, "WRITEBACK_FB_ID", writeback_fb);
	set(&show, fd, pipe->connector, connector, "WRITEBACK_OUT_FENCE_PTR", (uintptr_t)&out_fence);
	ret = commit_send(&show, fd);
	if (ret)
		return ret;
	if (out_fence < 0) {
		fprintf(stderr, "the commit gave no out-fence\n");
		return -EPROTO;
	}
	return fence_wait(out_fence);
}

static int pipe_disable(int fd, const struct pipe *pipe)
{
	struct commit off = {};

	set(&off, fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "FB_ID", 0);
	set(&off, fd, pipe->plane, DRM_MODE_OBJECT_PLANE, "CRTC_ID", 0);
	set(&off, fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "ACTIVE", 0);
	set(&off, fd, pipe->crtc, DRM_MODE_OBJECT_CRTC, "MODE_ID", 0);
	set(&off, fd, pipe->connector, DRM_MODE_OBJECT_CONNECTOR, "CRTC_ID", 0);
	return commit_send(&off, fd);
}

int kms_writeback(void)
{
	struct drm_set_client_cap atomic = { DRM_CLIENT_CAP_ATOMIC, 1 };
	struct drm_set_client_cap writeback = { DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1 };
	uint32_t fb = 0, writeback_fb = 0;
	struct pipe pipe;
	int fd, ret;

	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", NODE, strerror(errno));
		return ret;
	}
	ret = IOCTL(fd, SET_CLIENT_CAP, &atomic);
	if (!ret)
		ret = IOCTL(fd, SET_CLIENT_CAP, &writeback);
	if (!ret)
		ret = pipe_find(fd, &pipe);
	if (!ret)
		ret = framebuffer(fd, WIDTH, HEIGHT, &fb);
	if (!ret)
		ret = framebuffer(fd, WIDTH, HEIGHT, &writeback_fb);
	if (!ret)
		ret = pipe_show(fd, &pipe, fb, writeback_fb);
	if (!ret)
		ret = pipe_disable(fd, &pipe);
	/* Closing removes framebuffers, blob and buffers. */
	close(fd);
	return ret;
}
