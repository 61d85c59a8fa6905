/* SPDX-License-Identifier: MIT */
#include "board/nodes.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <xf86drm.h>
#include <xf86drmMode.h>

#include "drm/kms.h"
#include "util.h"

static void vs_node_version(struct vs_node *node, int fd)
{
	drmVersionPtr version = drmGetVersion(fd);

	if (!version)
		return;
	snprintf(node->driver, sizeof(node->driver), "%s", version->name);
	snprintf(node->version, sizeof(node->version), "%d.%d.%d", version->version_major, version->version_minor,
		 version->version_patchlevel);
	snprintf(node->desc, sizeof(node->desc), "%s", version->desc);
	drmFreeVersion(version);
}

static void vs_node_connectors(struct vs_node *node, const drmModeRes *resources)
{
	for (int i = 0; i < resources->count_connectors && node->n_connectors < VS_CONNECTORS_MAX; i++) {
		drmModeConnectorPtr connector = drmModeGetConnectorCurrent(node->card_fd, resources->connectors[i]);
		const char *type;

		if (!connector)
			continue;
		/* Nobody has asked a connector that says so, or that has no modes, whether a display is there. */
		if (connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK && !connector->count_modes) {
			drmModeFreeConnector(connector);
			connector = drmModeGetConnector(node->card_fd, resources->connectors[i]);
			if (!connector)
				continue;
		}
		node->display |= connector->connector_type != DRM_MODE_CONNECTOR_WRITEBACK &&
				 connector->connection == DRM_MODE_CONNECTED && connector->count_modes;
		type = drmModeGetConnectorTypeName(connector->connector_type);
		snprintf(node->connectors[node->n_connectors++], sizeof(node->connectors[0]), "%s-%u",
			 type ? type : "unknown", connector->connector_type_id);
		drmModeFreeConnector(connector);
	}
}

static void vs_node_display(struct vs_node *node)
{
	drmModeResPtr resources;
	drmModePlaneResPtr planes;

	/* A driver without KMS answers the first call with an error; then there is nothing to count. */
	if (vs_kms_init(node->card_fd))
		return;
	resources = drmModeGetResources(node->card_fd);
	planes = drmModeGetPlaneResources(node->card_fd);
	if (resources) {
		node->crtcs = (uint32_t)resources->count_crtcs;
		vs_node_connectors(node, resources);
	}
	if (planes)
		node->planes = planes->count_planes;
	drmModeFreePlaneResources(planes);
	drmModeFreeResources(resources);
}

static void vs_node_open(struct vs_node *node, drmDevicePtr device)
{
	struct stat status;

	*node = (struct vs_node){ .card_fd = -1, .card_minor = -1, .card_gid = (gid_t)-1, .render_gid = (gid_t)-1 };
	if (device->available_nodes & 1 << DRM_NODE_RENDER) {
		_vs_close_ int fd = open(device->nodes[DRM_NODE_RENDER], O_RDWR | O_CLOEXEC);

		snprintf(node->render, sizeof(node->render), "%s", device->nodes[DRM_NODE_RENDER]);
		if (!stat(node->render, &status))
			node->render_gid = status.st_gid;
		if (fd >= 0)
			vs_node_version(node, fd);
	}
	if (device->available_nodes & 1 << DRM_NODE_PRIMARY) {
		snprintf(node->card, sizeof(node->card), "%s", device->nodes[DRM_NODE_PRIMARY]);
		if (!stat(node->card, &status)) {
			node->card_gid = status.st_gid;
			node->card_minor = (int)minor(status.st_rdev);
		}
		node->card_fd = open(node->card, O_RDWR | O_CLOEXEC);
		if (node->card_fd < 0) {
			node->error = -errno;
			return;
		}
		vs_node_version(node, node->card_fd);
		/* The first one to open a card node becomes its master. */
		node->master = drmIsMaster(node->card_fd);
		/* Only a scanout scenario needs to be it, and only while it runs. */
		if (node->master)
			drmDropMaster(node->card_fd);
		vs_node_display(node);
	}
}

/* How well a device suits to be traced. */
static int vs_node_rank(const struct vs_node *node)
{
	return strcmp(node->driver, "msm") ? 0 : node->render[0] ? 2 : 1;
}

int vs_nodes_choose(const struct vs_nodes *nodes)
{
	int best = -1;

	for (size_t i = 0; i < nodes->n; i++)
		if (best < 0 || vs_node_rank(&nodes->node[i]) > vs_node_rank(&nodes->node[best]))
			best = (int)i;
	return best;
}

void vs_nodes_find(struct vs_nodes *nodes)
{
	drmDevicePtr devices[VS_NODES_MAX];
	int n = drmGetDevices2(0, devices, VS_NODES_MAX);

	*nodes = (struct vs_nodes){ .traced = -1 };
	for (int i = 0; i < n; i++)
		vs_node_open(&nodes->node[i], devices[i]);
	nodes->n = n < 0 ? 0 : (size_t)n;
	nodes->traced = vs_nodes_choose(nodes);
	drmFreeDevices(devices, n < 0 ? 0 : n);
}

const struct vs_node *vs_nodes_scanout(const struct vs_nodes *nodes)
{
	const struct vs_node *traced = vs_nodes_traced(nodes);

	if (!traced || traced->crtcs)
		return traced;
	for (size_t i = 0; i < nodes->n; i++)
		if (!strncmp(nodes->node[i].driver, "msm", strlen("msm")) && nodes->node[i].crtcs)
			return &nodes->node[i];
	return traced;
}

const struct vs_node *vs_nodes_display(const struct vs_nodes *nodes)
{
	const struct vs_node *scanout = vs_nodes_scanout(nodes);

	if (scanout && scanout->display)
		return scanout;
	for (size_t i = 0; i < nodes->n; i++)
		if (nodes->node[i].display)
			return &nodes->node[i];
	return NULL;
}

/* Not by libdrm's list of devices, which leaves out a device that is on no bus it knows (vgem's is "faux"). */
int vs_nodes_open_vgem(void)
{
	for (int i = 0; i < 64; i++) {
		char path[32];
		drmVersionPtr version;
		bool found;
		int fd;

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		version = drmGetVersion(fd);
		found = version && !strcmp(version->name, "vgem");
		drmFreeVersion(version);
		if (found)
			return fd;
		close(fd);
	}
	return -ENODEV;
}

void vs_nodes_close_cards(struct vs_nodes *nodes)
{
	for (size_t i = 0; i < nodes->n; i++) {
		if (nodes->node[i].card_fd >= 0)
			close(nodes->node[i].card_fd);
		nodes->node[i].card_fd = -1;
	}
}
