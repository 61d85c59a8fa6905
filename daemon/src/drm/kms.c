// SPDX-License-Identifier: MIT
/* The display side, through libdrm. See kms.h. */
#include "drm/kms.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <drm_fourcc.h>
#include <xf86drm.h>

/* libdrm's getters return NULL and set errno, not always to something. */
static int last_error(void)
{
	return errno ? -errno : -EIO;
}

int vs_kms_object_get(int fd, uint32_t id, uint32_t type, struct vs_kms_object *ret)
{
	drmModeObjectProperties *list;
	struct vs_kms_object object = { .id = id };
	int r = 0;

	errno = 0;
	list = drmModeObjectGetProperties(fd, id, type);
	if (!list)
		return last_error();
	object.prop = calloc(list->count_props, sizeof(*object.prop));
	if (!object.prop && list->count_props)
		abort();
	for (uint32_t i = 0; i < list->count_props && !r; i++) {
		drmModePropertyRes *prop;

		errno = 0;
		prop = drmModeGetProperty(fd, list->props[i]);
		if (!prop) {
			r = last_error();
			break;
		}
		object.prop[i].id = prop->prop_id;
		object.prop[i].value = list->prop_values[i];
		snprintf(object.prop[i].name, sizeof(object.prop[i].name), "%.*s", DRM_PROP_NAME_LEN - 1, prop->name);
		object.n++;
		drmModeFreeProperty(prop);
	}
	drmModeFreeObjectProperties(list);
	if (r)
		vs_kms_object_clear(&object);
	else
		*ret = object;
	return r;
}

void vs_kms_object_clear(struct vs_kms_object *object)
{
	free(object->prop);
	*object = (struct vs_kms_object){ 0 };
}

const struct vs_kms_prop *vs_kms_prop(const struct vs_kms_object *object, const char *name)
{
	for (uint32_t i = 0; i < object->n; i++)
		if (!strcmp(object->prop[i].name, name))
			return &object->prop[i];
	return NULL;
}

static uint64_t prop_value(const struct vs_kms_object *object, const char *name)
{
	const struct vs_kms_prop *prop = vs_kms_prop(object, name);

	return prop ? prop->value : 0;
}

int vs_kms_become_master(int fd)
{
	return drmIoctl(fd, DRM_IOCTL_SET_MASTER, NULL) ? -errno : 0;
}

int vs_kms_drop_master(int fd)
{
	return drmIoctl(fd, DRM_IOCTL_DROP_MASTER, NULL) ? -errno : 0;
}

int vs_kms_init(int fd)
{
	if (drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1))
		return -errno;
	/* Drivers without writeback take it as well: it only unhides connectors. */
	return drmSetClientCap(fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1) ? -errno : 0;
}

/* Bit i: resources->crtcs[i] can feed the connector. */
static int possible_crtcs(int fd, const drmModeConnector *connector, uint32_t *ret_mask)
{
	uint32_t mask = 0;

	for (int i = 0; i < connector->count_encoders; i++) {
		drmModeEncoder *encoder;

		errno = 0;
		encoder = drmModeGetEncoder(fd, connector->encoders[i]);
		if (!encoder)
			return last_error();
		mask |= encoder->possible_crtcs;
		drmModeFreeEncoder(encoder);
	}
	*ret_mask = mask;
	return 0;
}

/*
 * A primary plane for resources->crtcs[index]. Some drivers let every plane go to any CRTC (msm's DPU), and a plane
 * cannot change over from another CRTC in one commit (drm_atomic_plane_check(), Linux 7.3).
 * -ENODEV: there is none. -EBUSY: other CRTCs have them all.
 */
static int find_plane(int fd, const drmModeRes *resources, unsigned index, struct vs_kms_object *ret)
{
	drmModePlaneRes *planes;
	bool busy = false;
	int r = -ENODEV;

	errno = 0;
	planes = drmModeGetPlaneResources(fd);
	if (!planes)
		return last_error();
	for (uint32_t i = 0; i < planes->count_planes && r == -ENODEV; i++) {
		struct vs_kms_object object;
		drmModePlane *plane;
		uint32_t mask, crtc;

		errno = 0;
		plane = drmModeGetPlane(fd, planes->planes[i]);
		if (!plane) {
			r = last_error();
			break;
		}
		mask = plane->possible_crtcs;
		crtc = plane->crtc_id;
		drmModeFreePlane(plane);
		if (!(mask & 1u << index))
			continue;
		r = vs_kms_object_get(fd, planes->planes[i], DRM_MODE_OBJECT_PLANE, &object);
		if (r)
			break;
		if (prop_value(&object, "type") == DRM_PLANE_TYPE_PRIMARY && (!crtc || crtc == resources->crtcs[index])) {
			*ret = object;
		} else {
			busy |= prop_value(&object, "type") == DRM_PLANE_TYPE_PRIMARY;
			vs_kms_object_clear(&object);
			r = -ENODEV;
		}
	}
	drmModeFreePlaneResources(planes);
	return r == -ENODEV && busy ? -EBUSY : r;
}

/* A CRTC of the mask that nobody has set up, and a primary plane for it. */
static int find_crtc(int fd, const drmModeRes *resources, uint32_t mask, struct vs_kms_output *output)
{
	int r = -ENODEV;

	for (int i = 0; i < resources->count_crtcs; i++) {
		struct vs_kms_object crtc;
		int error;

		if (!(mask & 1u << i))
			continue;
		error = vs_kms_object_get(fd, resources->crtcs[i], DRM_MODE_OBJECT_CRTC, &crtc);
		if (error)
			return error;
		/* Not active but with a mode: its owner has only blanked it (DPMS). */
		if (prop_value(&crtc, "ACTIVE") || prop_value(&crtc, "MODE_ID")) {
			vs_kms_object_clear(&crtc);
			r = -EBUSY;
			continue;
		}
		error = find_plane(fd, resources, i, &output->plane);
		if (!error) {
			output->crtc = crtc;
			return 0;
		}
		vs_kms_object_clear(&crtc);
		if (error == -EBUSY)
			r = error;
		else if (error != -ENODEV)
			return error;
	}
	return r;
}

/* A connector that another CRTC feeds is somebody's screen: routing it here would turn that dark. */
static int take_connector(int fd, uint32_t id, struct vs_kms_output *output)
{
	uint64_t crtc;
	int r = vs_kms_object_get(fd, id, DRM_MODE_OBJECT_CONNECTOR, &output->connector);

	if (r)
		return r;
	crtc = prop_value(&output->connector, "CRTC_ID");
	return !crtc || crtc == output->crtc.id ? 0 : -EBUSY;
}

/* A writeback connector takes any mode; this one is small, and every display block can do it. */
static const drmModeModeInfo mode_640x480 = {
	.clock = 25175,
	.hdisplay = 640,
	.hsync_start = 656,
	.hsync_end = 752,
	.htotal = 800,
	.vdisplay = 480,
	.vsync_start = 490,
	.vsync_end = 492,
	.vtotal = 525,
	.vrefresh = 60,
	.name = "640x480",
};

static int try_connector(int fd, const drmModeRes *resources, uint32_t id, struct vs_kms_output *output)
{
	drmModeConnector *connector;
	uint32_t mask;
	bool fits;
	int r = -ENODEV;

	errno = 0;
	connector = drmModeGetConnector(fd, id);
	if (!connector)
		return last_error();
	if (output->kind == VS_KMS_WRITEBACK)
		fits = connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK;
	else
		fits = connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK &&
		       connector->connection == DRM_MODE_CONNECTED && connector->count_modes;
	if (fits) {
		output->mode = output->kind == VS_KMS_WRITEBACK ? mode_640x480 : connector->modes[0];
		r = possible_crtcs(fd, connector, &mask);
		if (!r)
			r = find_crtc(fd, resources, mask, output);
		if (!r)
			r = take_connector(fd, id, output);
		if (r)
			vs_kms_output_clear(output);
	}
	drmModeFreeConnector(connector);
	return r;
}

int vs_kms_find_output(int fd, enum vs_kms_kind kind, struct vs_kms_output *ret)
{
	struct vs_kms_output output = { .kind = kind };
	drmModeRes *resources;
	bool busy = false;
	int r = -ENODEV;

	errno = 0;
	resources = drmModeGetResources(fd);
	if (!resources)
		return last_error();
	for (int i = 0; i < resources->count_connectors; i++) {
		r = try_connector(fd, resources, resources->connectors[i], &output);
		if (r != -ENODEV && r != -EBUSY)
			break;
		busy |= r == -EBUSY;
	}
	drmModeFreeResources(resources);
	if (r == -ENODEV && busy)
		r = -EBUSY;
	if (!r)
		*ret = output;
	return r;
}

void vs_kms_output_clear(struct vs_kms_output *output)
{
	vs_kms_object_clear(&output->connector);
	vs_kms_object_clear(&output->crtc);
	vs_kms_object_clear(&output->plane);
}

int vs_kms_dumb_new(int fd, uint32_t width, uint32_t height, uint32_t *ret_handle, uint32_t *ret_pitch)
{
	uint64_t size;

	return drmModeCreateDumbBuffer(fd, width, height, 32, 0, ret_handle, ret_pitch, &size);
}

int vs_kms_dumb_close(int fd, uint32_t handle)
{
	return drmModeDestroyDumbBuffer(fd, handle);
}

int vs_kms_addfb(int fd, uint32_t width, uint32_t height, uint32_t handle, uint32_t pitch, uint32_t *ret_fb)
{
	uint32_t handles[4] = { handle };
	uint32_t pitches[4] = { pitch };
	uint32_t offsets[4] = { 0 };

	return drmModeAddFB2(fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets, ret_fb, 0);
}

int vs_kms_rmfb(int fd, uint32_t fb)
{
	return drmModeRmFB(fd, fb);
}

int vs_kms_fb_exists(int fd, uint32_t fb, bool *ret_exists)
{
	/* GETFB would make a handle. A framebuffer has no properties, which is said after it was found. */
	struct drm_mode_obj_get_properties arg = {
		.obj_id = fb,
		.obj_type = DRM_MODE_OBJECT_FB,
	};
	int r = drmIoctl(fd, DRM_IOCTL_MODE_OBJ_GETPROPERTIES, &arg) ? -errno : 0;

	if (r && r != -EINVAL && r != -ENOENT)
		return r;
	*ret_exists = r != -ENOENT;
	return 0;
}

int vs_kms_mode_blob_new(int fd, const drmModeModeInfo *mode, uint32_t *ret_blob)
{
	return drmModeCreatePropertyBlob(fd, mode, sizeof(*mode), ret_blob);
}

int vs_kms_blob_close(int fd, uint32_t blob)
{
	return drmModeDestroyPropertyBlob(fd, blob);
}

void vs_kms_begin(struct vs_kms_commit *commit)
{
	*commit = (struct vs_kms_commit){ .req = drmModeAtomicAlloc() };
	if (!commit->req)
		abort();
}

void vs_kms_set(struct vs_kms_commit *commit, const struct vs_kms_object *object, const char *name, uint64_t value)
{
	const struct vs_kms_prop *prop = vs_kms_prop(object, name);
	int r;

	if (commit->err)
		return;
	if (!prop) {
		commit->missing = name;
		commit->err = -ENOENT;
		return;
	}
	r = drmModeAtomicAddProperty(commit->req, object->id, prop->id, value);
	if (r < 0)
		commit->err = r;
}

int vs_kms_commit(struct vs_kms_commit *commit, int fd, uint32_t flags, uint64_t token)
{
	int r = commit->err;

	if (!r)
		r = drmModeAtomicCommit(fd, commit->req, flags, (void *)(uintptr_t)token);
	drmModeAtomicFree(commit->req);
	commit->req = NULL;
	return r;
}
