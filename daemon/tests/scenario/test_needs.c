// SPDX-License-Identifier: MIT
/* What the Capabilities say about scenarios that cannot run, from what was found on the board. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "board/capabilities.h"
#include "board/offer.h"
#include "scenario/needs.h"
#include "util.h"

static struct vs_nodes nodes;
static struct vs_msm_facts msm;
static struct vs_tracer tracer;
static struct vs_btf btf;
static struct vs_findings findings;
static struct vs_runner_fds offer;
static const char *wanted; /* the scenario that is asked about */
static unsigned lacks;     /* what is found missing later than the offer is made */

/* A board on which everything works. */
static int set_up(void **state)
{
	wanted = NULL;
	lacks = 0;
	nodes = (struct vs_nodes){ .n = 1, .traced = 0 };
	nodes.node[0] = (struct vs_node){ .card = "/dev/dri/card0", .render = "/dev/dri/renderD128", .driver = "msm",
					  .crtcs = 1, .card_fd = -1, .master = true };
	msm = (struct vs_msm_facts){ .present = true, .vm_bind = true, .sparse = true };
	tracer = (struct vs_tracer){ .walk_fd = -1 };
	findings = (struct vs_findings){ .root = true, .alone = true, .runner = true, .btf = &btf, .nodes = &nodes,
					 .msm = &msm, .tracer = &tracer };
	return 0;
}

/* What was sent, as far as it matters here. */
struct said {
	char vm_bind[1024]; /* needs of vm-bind-churn */
	char scanout[1024]; /* needs of scanout-flip */
	char wanted[1024];  /* needs of the scenario that is asked about */
	char check[256];    /* detail of one check, "" when it is not there */
	char remedy[1024];  /* of that check */
	Vascope__V1__CheckState state;
	const char *id; /* of that check */
};

static void keep(void *data, const Vascope__V1__Frame *frame)
{
	const Vascope__V1__Capabilities *capabilities = frame->capabilities;
	struct said *said = data;

	for (size_t i = 0; i < capabilities->n_scenarios; i++) {
		const Vascope__V1__ScenarioInfo *info = capabilities->scenarios[i];

		if (!strcmp(info->id, "vm-bind-churn"))
			snprintf(said->vm_bind, sizeof(said->vm_bind), "%s", info->needs);
		if (wanted && !strcmp(info->id, wanted))
			snprintf(said->wanted, sizeof(said->wanted), "%s", info->needs);
		if (!strcmp(info->id, "scanout-flip"))
			snprintf(said->scanout, sizeof(said->scanout), "%s", info->needs);
	}
	for (size_t i = 0; i < capabilities->n_checks; i++) {
		const Vascope__V1__Check *check = capabilities->checks[i];

		if (strcmp(check->id, said->id))
			continue;
		snprintf(said->check, sizeof(said->check), "%s", check->detail);
		snprintf(said->remedy, sizeof(said->remedy), "%s", check->remedy);
		said->state = check->state;
	}
}

static struct said say(const char *check)
{
	struct vs_facts facts = { .release = "7.3.4" };
	struct vs_flag_names flags = { 0 };
	struct said said = { .vm_bind = "not sent", .scanout = "not sent", .id = check };

	vs_offer_make(&nodes, &msm, &offer);
	offer.lacks |= lacks;
	findings.offer = &offer;
	vs_capabilities_send(&(struct vs_capabilities){ &facts, &flags, &findings }, keep, &said);
	return said;
}

static void test_a_board_on_which_all_works_needs_nothing(void **state)
{
	struct said said = say("render");

	assert_string_equal(said.vm_bind, "");
	assert_string_equal(said.scanout, "");
	assert_string_equal(said.check, "");
}

static void test_a_render_node_of_root_alone_is_said_with_the_remedy(void **state)
{
	static const char remedy[] = "chgrp render /dev/dri/renderD128 && chmod 660 /dev/dri/renderD128";
	struct said said;

	findings.render_error = -EACCES;
	said = say("render");
	assert_non_null(strstr(said.vm_bind, "cannot open /dev/dri/renderD128: Permission denied"));
	assert_non_null(strstr(said.vm_bind, remedy));
	assert_non_null(strstr(said.vm_bind, "MODE=\"0660\""));
	/* Scanout uses the card, which is opened while privileged. */
	assert_string_equal(said.scanout, "");
	assert_int_equal(said.state, VASCOPE__V1__CHECK_STATE__CHECK_STATE_LIMITED);
	assert_non_null(strstr(said.check, "cannot open /dev/dri/renderD128: Permission denied"));
	assert_non_null(strstr(said.remedy, remedy));
	assert_non_null(strstr(said.remedy, "MODE=\"0660\""));
}

/* What is said of any scenario. */
static char *needs_of(const char *id)
{
	static char needs[1024];

	wanted = id;
	snprintf(needs, sizeof(needs), "%s", say("render").wanted);
	return needs;
}

static void test_each_need_is_said_by_its_scenarios_alone(void **state)
{
	assert_non_null(strstr(needs_of("scanout-page-flip"), "with a connected display"));
	nodes.node[0].display = true;
	assert_string_equal(needs_of("scanout-page-flip"), "");
	msm.sparse = false;
	assert_non_null(strstr(needs_of("vm-bind-null"), "MAP_NULL"));
	assert_string_equal(needs_of("vm-bind-once"), "");
	lacks = VS_NEEDS_SHRINK | VS_NEEDS_VGEM;
	assert_non_null(strstr(needs_of("evict-purge"), "shrinker"));
	assert_string_equal(needs_of("evict-willneed"), "");
	assert_non_null(strstr(needs_of("vm-bind-late-fence"), "modprobe vgem"));
	msm.vm_bind = false;
	assert_non_null(strstr(needs_of("vm-bind-once"), "does not offer VM_BIND"));
	assert_string_equal(needs_of("legacy-implicit-map"), "");
	findings.render_error = -EACCES;
	assert_non_null(strstr(needs_of("legacy-implicit-map"), "Permission denied"));
}

static void test_pages_flip_on_another_drivers_display(void **state)
{
	nodes.n = 2;
	nodes.node[1] = (struct vs_node){ .card = "/dev/dri/card1", .driver = "virtio_gpu", .crtcs = 1, .card_fd = -1,
					  .display = true };
	assert_ptr_equal(vs_nodes_display(&nodes), &nodes.node[1]);
	assert_non_null(strstr(needs_of("scanout-page-flip"), "DRM master"));
	nodes.node[1].master = true;
	assert_string_equal(needs_of("scanout-page-flip"), "");
	assert_string_equal(offer.display_path, "/dev/dri/card1");
	assert_string_equal(offer.display_driver, "virtio_gpu");
	/* msm's own comes first. */
	nodes.node[0].display = true;
	assert_ptr_equal(vs_nodes_display(&nodes), &nodes.node[0]);
}

static void test_without_vm_bind_that_is_the_reason(void **state)
{
	findings.render_error = -EACCES;
	msm.vm_bind = false;
	assert_non_null(strstr(say("render").vm_bind, "does not offer VM_BIND"));
}

/* msm with separate_gpu_kms: the traced device has no CRTC. */
static void split(void)
{
	nodes = (struct vs_nodes){ .n = 4, .traced = 2 };
	nodes.node[0] = (struct vs_node){ .card = "/dev/dri/card0", .driver = "simpledrm", .crtcs = 1, .card_fd = -1 };
	nodes.node[1] = (struct vs_node){ .card = "/dev/dri/card1", .driver = "msm-kms", .card_fd = -1 };
	nodes.node[2] = (struct vs_node){ .card = "/dev/dri/card2", .render = "/dev/dri/renderD128", .driver = "msm",
					  .card_fd = -1, .master = true };
	nodes.node[3] = (struct vs_node){ .card = "/dev/dri/card3", .driver = "msm_dpu", .crtcs = 2, .card_fd = -1,
					  .master = true };
}

static void test_the_gpu_is_traced_and_not_the_display(void **state)
{
	split();
	assert_int_equal(vs_nodes_choose(&nodes), 2);
	/* A display device that is called msm as well, and comes first. */
	strcpy(nodes.node[1].driver, "msm");
	assert_int_equal(vs_nodes_choose(&nodes), 2);
	nodes.node[2].render[0] = '\0';
	assert_int_equal(vs_nodes_choose(&nodes), 1);
	nodes.n = 1;
	assert_int_equal(vs_nodes_choose(&nodes), 0);
	nodes.n = 0;
	assert_int_equal(vs_nodes_choose(&nodes), -1);
}

static void test_scanout_is_on_the_traced_device_when_it_has_crtcs(void **state)
{
	split();
	nodes.node[2].crtcs = 1;
	assert_ptr_equal(vs_nodes_scanout(&nodes), &nodes.node[2]);
}

static void test_scanout_is_on_the_display_device_beside_the_gpu(void **state)
{
	struct said said;

	split();
	assert_ptr_equal(vs_nodes_scanout(&nodes), &nodes.node[3]);
	assert_ptr_equal(vs_nodes_traced(&nodes), &nodes.node[2]);
	said = say("kms");
	assert_string_equal(said.scanout, "");
	assert_string_equal(said.vm_bind, "");
	assert_int_equal(said.state, VASCOPE__V1__CHECK_STATE__CHECK_STATE_OK);
	assert_non_null(strstr(said.check, "/dev/dri/card3, 2 CRTC"));
	/* Its master counts, not the GPU's. */
	nodes.node[3].master = false;
	assert_non_null(strstr(say("kms").scanout, "another process is DRM master"));
}

static void test_scanout_is_not_on_another_drivers_display(void **state)
{
	struct said said;

	split();
	nodes.node[3].crtcs = 0;
	assert_ptr_equal(vs_nodes_scanout(&nodes), &nodes.node[2]);
	said = say("kms");
	assert_non_null(strstr(said.scanout, "no display output"));
	assert_string_equal(said.check, "/dev/dri/card2 has no CRTC");
	nodes = (struct vs_nodes){ .traced = -1 };
	assert_null(vs_nodes_scanout(&nodes));
	assert_non_null(strstr(say("kms").scanout, "no msm device"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_board_on_which_all_works_needs_nothing, set_up),
		cmocka_unit_test_setup(test_a_render_node_of_root_alone_is_said_with_the_remedy, set_up),
		cmocka_unit_test_setup(test_each_need_is_said_by_its_scenarios_alone, set_up),
		cmocka_unit_test_setup(test_pages_flip_on_another_drivers_display, set_up),
		cmocka_unit_test_setup(test_without_vm_bind_that_is_the_reason, set_up),
		cmocka_unit_test_setup(test_the_gpu_is_traced_and_not_the_display, set_up),
		cmocka_unit_test_setup(test_scanout_is_on_the_traced_device_when_it_has_crtcs, set_up),
		cmocka_unit_test_setup(test_scanout_is_on_the_display_device_beside_the_gpu, set_up),
		cmocka_unit_test_setup(test_scanout_is_not_on_another_drivers_display, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
