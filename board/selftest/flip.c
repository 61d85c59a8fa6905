// SPDX-License-Identifier: MIT
/* The second card: an ordinary connector, with a mode, a page flip and its event. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "drm.h"
#include "drm_mode.h"
#include "selftest.h"

#define NODE		"/dev/dri/card1"
#define MAX_OBJECTS	16
#define MAX_MODES	128
#define EVENT_MS	10000

static int driver_is(const char *node, const char *expected)
{
	char name[32] = "";
	struct drm_version version = { .name = name, .name_len = sizeof(name) - 1 };
	int fd = open(node, O_RDWR | O_CLOEXEC);
	int ret;

	if (fd < 0) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", node, strerror(errno));
		return ret;
	}
	ret = IOCTL(fd, VERSION, &version);
	close(fd);
	if (ret || !strcmp(name, expected))
		return ret;
	fprintf(stderr, "%s is %s, not %s\n", node, name, expected);
	return -ENODEV;
}

int cards_are_there(void)
{
	return driver_is("/dev/dri/card0", "msm") ?: driver_is(NODE, "virtio_gpu");
}

struct output {
	uint32_t crtc;
	uint32_t connector;
	struct drm_mode_modeinfo mode;
};

static int output_find(int fd, struct output *ret_output)
{
	struct drm_mode_modeinfo modes[MAX_MODES];
	uint32_t crtcs[MAX_OBJECTS], connectors[MAX_OBJECTS];
	struct drm_mode_card_res resources = {
		.crtc_id_ptr = (uintptr_t)crtcs,
		.connector_id_ptr = (uintptr_t)connectors,
		.count_crtcs = MAX_OBJECTS,
		.count_connectors = MAX_OBJECTS,
	};
	struct drm_mode_get_connector probe = {}, connector = { .modes_ptr = (uintptr_t)modes, .count_modes = MAX_MODES };
	int ret;

	ret = IOCTL(fd, MODE_GETRESOURCES, &resources);
	if (ret)
		return ret;
	if (!resources.count_crtcs || !resources.count_connectors)
		return -ENODEV;
	probe.connector_id = connector.connector_id = connectors[0];
	/* A call without room for modes makes the driver look for them. */
	ret = IOCTL(fd, MODE_GETCONNECTOR, &probe);
	if (!ret)
		ret = IOCTL(fd, MODE_GETCONNECTOR, &connector);
	if (ret)
		return ret;
	if (!connector.count_modes || connector.count_modes > MAX_MODES) {
		fprintf(stderr, "%s: a connector with %u modes\n", NODE, connector.count_modes);
		return -ENODEV;
	}
	*ret_output = (struct output){ .crtc = crtcs[0], .connector = connectors[0], .mode = modes[0] };
	return 0;
}

static int flip_event(int fd, uint64_t cookie)
{
	struct drm_event_vblank event = {};
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	if (poll(&poll_fd, 1, EVENT_MS) != 1)
		return -ETIME;
	if (read(fd, &event, sizeof(event)) != sizeof(event))
		return -EIO;
	if (event.base.type != DRM_EVENT_FLIP_COMPLETE || event.user_data != cookie) {
		fprintf(stderr, "event %u instead of that of the flip\n", event.base.type);
		return -EPROTO;
	}
	return 0;
}

int kms_flip(void)
{
	struct drm_mode_crtc set = { .count_connectors = 1, .mode_valid = 1 };
	struct drm_mode_crtc_page_flip flip = { .flags = DRM_MODE_PAGE_FLIP_EVENT, .user_data = 0x666c6970 };
	struct output output;
	uint32_t first, second;
	int fd, ret;

	fd = open(NODE, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		fprintf(stderr, "%s: %s\n", NODE, strerror(errno));
		return ret;
	}
	ret = output_find(fd, &output);
	if (!ret)
		ret = framebuffer(fd, output.mode.hdisplay, output.mode.vdisplay, &first);
	if (!ret)
		ret = framebuffer(fd, output.mode.hdisplay, output.mode.vdisplay, &second);
	if (!ret) {
		set.set_connectors_ptr = (uintptr_t)&output.connector;
		set.crtc_id = output.crtc;
		set.fb_id = first;
		set.mode = output.mode;
		ret = IOCTL(fd, MODE_SETCRTC, &set);
	}
	if (!ret) {
		flip.crtc_id = output.crtc;
		flip.fb_id = second;
		ret = IOCTL(fd, MODE_PAGE_FLIP, &flip);
	}
	if (!ret)
		ret = flip_event(fd, flip.user_data);
	if (!ret) {
		struct drm_mode_crtc off = { .crtc_id = output.crtc };

		ret = IOCTL(fd, MODE_SETCRTC, &off);
	}
	/* Closing removes framebuffers and buffers. */
	close(fd);
	return ret;
}
