// SPDX-License-Identifier: MIT
/*
 * The display half of the fake msm: two CRTCs, three planes that can go to either, a writeback connector and, if wanted,
 * a display. One CRTC and one primary plane, the first of their lists, are somebody else's.
 */
#include "fake_msm.h"
#include "fake_msm_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <drm_fourcc.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#define N_FBS 64
#define N_BLOBS 16

enum { OTHER_CRTC = 40, CRTC, WRITEBACK = 50, DISPLAY, ENCODER = 60, OTHER_PRIMARY = 70, OVERLAY, PRIMARY };
enum { OTHER_FB = 30, OTHER_MODE = 31 };
enum { FB_BASE = 200, BLOB_BASE = 300, PROP_BASE = 100 };

static const char *const prop_names[] = {
	"type",    "FB_ID",   "CRTC_ID", "SRC_X",   "SRC_Y",  "SRC_W",           "SRC_H",
	"CRTC_X",  "CRTC_Y",  "CRTC_W",  "CRTC_H",  "ACTIVE", "MODE_ID",         "WRITEBACK_FB_ID",
	"WRITEBACK_OUT_FENCE_PTR",
};

#define N_PROPS (sizeof(prop_names) / sizeof(prop_names[0]))
enum { P_TYPE, P_FB_ID, P_CRTC_ID, P_ACTIVE = 11, P_MODE_ID, P_WRITEBACK_FB_ID, P_OUT_FENCE };

static struct {
	uint64_t value[PRIMARY + 1][N_PROPS];
	uint32_t possible_crtcs; /* of the encoder */
	bool disturbed; /* what is somebody else's was set */
	struct {
		struct bo *bo;
		bool removed;  /* by RMFB; what holds it may keep it for a while */
		unsigned held; /* by a writeback job, so many more looks at it */
	} fb[N_FBS];
	bool blob[N_BLOBS];
	bool master;
} kms;

void fake_kms_start(void)
{
	memset(&kms, 0, sizeof(kms));
	kms.possible_crtcs = 3;
	kms.value[PRIMARY][P_TYPE] = DRM_PLANE_TYPE_PRIMARY;
	kms.value[OVERLAY][P_TYPE] = DRM_PLANE_TYPE_OVERLAY;
	kms.value[OTHER_PRIMARY][P_TYPE] = DRM_PLANE_TYPE_PRIMARY;
	kms.value[OTHER_PRIMARY][P_CRTC_ID] = OTHER_CRTC;
	kms.value[OTHER_PRIMARY][P_FB_ID] = OTHER_FB;
	kms.value[OTHER_CRTC][P_ACTIVE] = 1;
	kms.value[OTHER_CRTC][P_MODE_ID] = OTHER_MODE;
}

void fake_msm_other_blanks(void)
{
	kms.value[OTHER_CRTC][P_ACTIVE] = 0;
	/* As a compositor may: its plane is free until it wakes up. */
	kms.value[OTHER_PRIMARY][P_CRTC_ID] = 0;
	kms.value[OTHER_PRIMARY][P_FB_ID] = 0;
}

void fake_msm_other_takes_display(void)
{
	kms.value[DISPLAY][P_CRTC_ID] = OTHER_CRTC;
}

void fake_msm_other_takes_planes(void)
{
	kms.value[PRIMARY][P_CRTC_ID] = OTHER_CRTC;
	kms.value[PRIMARY][P_FB_ID] = OTHER_FB;
	kms.possible_crtcs = 2; /* so that it is not the other CRTC that is busy */
}

static bool has_prop(uint32_t object, unsigned prop)
{
	switch (object) {
	case CRTC:
	case OTHER_CRTC:
		return prop == P_ACTIVE || prop == P_MODE_ID;
	case WRITEBACK:
		return prop == P_CRTC_ID || prop == P_WRITEBACK_FB_ID || prop == P_OUT_FENCE;
	case DISPLAY:
		return prop == P_CRTC_ID;
	case PRIMARY:
	case OVERLAY:
	case OTHER_PRIMARY:
		return prop < P_ACTIVE;
	}
	return false;
}

static void fill(uint64_t pointer, uint32_t *count, const uint32_t *ids, uint32_t n)
{
	if (pointer && *count >= n)
		memcpy((void *)(uintptr_t)pointer, ids, n * sizeof(*ids));
	*count = n;
}

static int get_resources(struct drm_mode_card_res *arg)
{
	uint32_t crtcs[] = { OTHER_CRTC, CRTC }, encoder = ENCODER, connector[2], n = 0;

	if (fake.has_writeback)
		connector[n++] = WRITEBACK;
	if (fake.has_display)
		connector[n++] = DISPLAY;
	fill(arg->crtc_id_ptr, &arg->count_crtcs, crtcs, 2);
	fill(arg->encoder_id_ptr, &arg->count_encoders, &encoder, 1);
	fill(arg->connector_id_ptr, &arg->count_connectors, connector, n);
	arg->count_fbs = 0;
	return 0;
}

static int get_connector(struct drm_mode_get_connector *arg)
{
	struct drm_mode_modeinfo mode = { .hdisplay = 320, .vdisplay = 200, .name = "320x200" };
	uint32_t encoder = ENCODER;

	fill(arg->encoders_ptr, &arg->count_encoders, &encoder, 1);
	if (arg->modes_ptr && arg->count_modes)
		memcpy((void *)(uintptr_t)arg->modes_ptr, &mode, sizeof(mode));
	arg->count_modes = arg->connector_id == DISPLAY;
	arg->count_props = 0;
	arg->connector_type =
		arg->connector_id == DISPLAY ? DRM_MODE_CONNECTOR_HDMIA : DRM_MODE_CONNECTOR_WRITEBACK;
	arg->connection = arg->connector_id == DISPLAY ? DRM_MODE_CONNECTED : DRM_MODE_UNKNOWNCONNECTION;
	return 0;
}

static void fb_settle(unsigned i)
{
	if (!kms.fb[i].removed || kms.fb[i].held)
		return;
	kms.fb[i].bo->refs--;
	kms.fb[i].bo = NULL;
	kms.fb[i].removed = false;
}

void fake_msm_settle(void)
{
	fake_sync_settle();
	for (unsigned i = 0; i < N_FBS; i++) {
		kms.fb[i].held = 0;
		fb_settle(i);
	}
}

/* A framebuffer has no properties. */
static int get_fb_properties(uint32_t fb)
{
	unsigned i = fb - FB_BASE;

	if (i >= N_FBS || !kms.fb[i].bo)
		return ENOENT;
	if (kms.fb[i].held && !--kms.fb[i].held)
		fb_settle(i);
	return EINVAL;
}

static int get_object_properties(struct drm_mode_obj_get_properties *arg)
{
	uint32_t ids[N_PROPS], n = 0;
	uint64_t values[N_PROPS];

	if (arg->obj_type == DRM_MODE_OBJECT_FB)
		return get_fb_properties(arg->obj_id);
	for (unsigned i = 0; i < N_PROPS; i++) {
		if (has_prop(arg->obj_id, i)) {
			ids[n] = PROP_BASE + i;
			values[n++] = kms.value[arg->obj_id][i];
		}
	}
	if (arg->prop_values_ptr && arg->count_props >= n)
		memcpy((void *)(uintptr_t)arg->prop_values_ptr, values, n * sizeof(*values));
	fill(arg->props_ptr, &arg->count_props, ids, n);
	return 0;
}

static int get_property(struct drm_mode_get_property *arg)
{
	if (arg->prop_id < PROP_BASE || arg->prop_id >= PROP_BASE + N_PROPS)
		return ENOENT;
	strcpy(arg->name, prop_names[arg->prop_id - PROP_BASE]);
	arg->count_values = 0;
	arg->count_enum_blobs = 0;
	return 0;
}

static int addfb(struct context *context, struct drm_mode_fb_cmd2 *arg)
{
	struct bo *bo = fake_bo(context, arg->handles[0]);

	if (!bo || arg->pixel_format != DRM_FORMAT_XRGB8888 || (uint64_t)arg->pitches[0] * arg->height > bo->size)
		return EINVAL;
	for (unsigned i = 0; i < N_FBS; i++) {
		if (!kms.fb[i].bo) {
			kms.fb[i].bo = bo;
			bo->refs++;
			arg->fb_id = FB_BASE + i;
			return 0;
		}
	}
	return ENOMEM;
}

static int rmfb(uint32_t fb)
{
	unsigned i = fb - FB_BASE;

	if (i >= N_FBS || !kms.fb[i].bo || kms.fb[i].removed)
		return ENOENT;
	kms.fb[i].removed = true;
	fb_settle(i);
	return 0;
}

static int blob_new(struct drm_mode_create_blob *arg)
{
	for (unsigned i = 0; i < N_BLOBS; i++) {
		if (!kms.blob[i]) {
			kms.blob[i] = true;
			arg->blob_id = BLOB_BASE + i;
			return 0;
		}
	}
	return ENOMEM;
}

static int blob_close(uint32_t blob)
{
	if (blob < BLOB_BASE || blob >= BLOB_BASE + N_BLOBS || !kms.blob[blob - BLOB_BASE])
		return ENOENT;
	kms.blob[blob - BLOB_BASE] = false;
	return 0;
}

static bool fb_exists(uint64_t fb)
{
	return !fb || (fb >= FB_BASE && fb < FB_BASE + N_FBS && kms.fb[fb - FB_BASE].bo &&
		       !kms.fb[fb - FB_BASE].removed);
}

static int set(uint32_t object, uint32_t prop, uint64_t value)
{
	unsigned i = prop - PROP_BASE;

	if (object > PRIMARY || i >= N_PROPS || !has_prop(object, i))
		return ENOENT;
	if ((i == P_FB_ID || i == P_WRITEBACK_FB_ID) && !fb_exists(value))
		return ENOENT;
	/* A plane has to be off for one commit before it goes to another CRTC. */
	if (object >= OTHER_PRIMARY && i == P_CRTC_ID && value && kms.value[object][i] && value != kms.value[object][i])
		return EINVAL;
	kms.disturbed |= object == OTHER_CRTC || (i == P_CRTC_ID && kms.value[object][i] == OTHER_CRTC);
	kms.value[object][i] = value;
	return 0;
}

static int atomic(const struct drm_mode_atomic *arg)
{
	const uint32_t *objects = (const void *)(uintptr_t)arg->objs_ptr;
	const uint32_t *counts = (const void *)(uintptr_t)arg->count_props_ptr;
	const uint32_t *props = (const void *)(uintptr_t)arg->props_ptr;
	const uint64_t *values = (const void *)(uintptr_t)arg->prop_values_ptr;
	bool was_active = kms.value[CRTC][P_ACTIVE];
	uint64_t out_fence;

	if (!kms.master)
		return EACCES;
	for (uint32_t i = 0; i < arg->count_objs; i++) {
		for (uint32_t k = 0; k < counts[i]; k++) {
			int error = set(objects[i], *props++, *values++);

			if (error)
				return error;
		}
	}
	if (was_active != !!kms.value[CRTC][P_ACTIVE] && !(arg->flags & DRM_MODE_ATOMIC_ALLOW_MODESET))
		return EINVAL;
	fake.commits++;
	out_fence = kms.value[WRITEBACK][P_OUT_FENCE];
	if (out_fence)
		*(int32_t *)(uintptr_t)out_fence = fake_fence();
	for (unsigned i = 0; i < N_FBS; i++)
		if (kms.fb[i].held)
			fake.early_writebacks++; /* the kernel would lose this commit's fence */
	if (kms.value[WRITEBACK][P_WRITEBACK_FB_ID])
		kms.fb[kms.value[WRITEBACK][P_WRITEBACK_FB_ID] - FB_BASE].held = 3;
	kms.value[WRITEBACK][P_OUT_FENCE] = 0; /* of one commit only, as the framebuffer to write to */
	kms.value[WRITEBACK][P_WRITEBACK_FB_ID] = 0;
	if (arg->flags & DRM_MODE_PAGE_FLIP_EVENT && fake.hold_fences) {
		fake.hold_fences--;
	} else if (arg->flags & DRM_MODE_PAGE_FLIP_EVENT) {
		struct drm_event_vblank event = {
			.base = { .type = DRM_EVENT_FLIP_COMPLETE, .length = sizeof(event) },
			.user_data = arg->user_data,
		};

		if (write(fake_state.event_fd, &event, sizeof(event)) != sizeof(event))
			return EIO;
	}
	return 0;
}

static int create_dumb(struct context *context, struct drm_mode_create_dumb *arg)
{
	arg->pitch = arg->width * 4;
	arg->size = (uint64_t)arg->pitch * arg->height;
	arg->handle = fake_handle_new(context, arg->size);
	return 0;
}

int fake_kms_ioctl(struct context *context, unsigned long request, void *arg)
{
	static const uint32_t planes[] = { OTHER_PRIMARY, OVERLAY, PRIMARY };
	struct drm_mode_get_encoder *encoder = arg;
	struct drm_mode_get_plane_res *plane_res = arg;
	struct drm_mode_get_plane *plane = arg;

	switch (request) {
	case DRM_IOCTL_SET_MASTER:
	case DRM_IOCTL_DROP_MASTER:
		kms.master = request == DRM_IOCTL_SET_MASTER;
		return 0;
	case DRM_IOCTL_SET_CLIENT_CAP:
		return 0;
	case DRM_IOCTL_MODE_GETRESOURCES:
		return get_resources(arg);
	case DRM_IOCTL_MODE_GETCONNECTOR:
		return get_connector(arg);
	case DRM_IOCTL_MODE_GETENCODER:
		encoder->possible_crtcs = kms.possible_crtcs;
		return 0;
	case DRM_IOCTL_MODE_GETPLANERESOURCES:
		fill(plane_res->plane_id_ptr, &plane_res->count_planes, planes, 3);
		return 0;
	case DRM_IOCTL_MODE_GETPLANE:
		plane->possible_crtcs = 3;
		plane->crtc_id = kms.value[plane->plane_id][P_CRTC_ID];
		plane->count_format_types = 0;
		return 0;
	case DRM_IOCTL_MODE_OBJ_GETPROPERTIES:
		return get_object_properties(arg);
	case DRM_IOCTL_MODE_GETPROPERTY:
		return get_property(arg);
	case DRM_IOCTL_MODE_CREATE_DUMB:
		return create_dumb(context, arg);
	case DRM_IOCTL_MODE_DESTROY_DUMB:
		return fake_handle_close(context, ((struct drm_mode_destroy_dumb *)arg)->handle);
	case DRM_IOCTL_MODE_ADDFB2:
		return addfb(context, arg);
	case DRM_IOCTL_MODE_RMFB:
		return rmfb(*(uint32_t *)arg);
	case DRM_IOCTL_MODE_CREATEPROPBLOB:
		return blob_new(arg);
	case DRM_IOCTL_MODE_DESTROYPROPBLOB:
		return blob_close(((struct drm_mode_destroy_blob *)arg)->blob_id);
	case DRM_IOCTL_MODE_ATOMIC:
		return atomic(arg);
	}
	return ENOTTY;
}

unsigned fake_msm_fbs(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_FBS; i++)
		n += kms.fb[i].bo != NULL;
	return n;
}

unsigned fake_msm_blobs(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < N_BLOBS; i++)
		n += kms.blob[i];
	return n;
}

bool fake_msm_master(void)
{
	return kms.master;
}

unsigned fake_msm_lit(void)
{
	unsigned n = !!kms.value[CRTC][P_ACTIVE] + !!kms.value[CRTC][P_MODE_ID];

	for (uint32_t object = WRITEBACK; object <= PRIMARY; object++)
		n += kms.value[object][P_CRTC_ID] == CRTC;
	return n;
}

bool fake_msm_other_disturbed(void)
{
	return kms.disturbed;
}
