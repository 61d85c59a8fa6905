/* SPDX-License-Identifier: MIT */
#include "golden.h"

#include "daemon.h"
#include "util.h"

#define T0 5000000000ull

static uint8_t *pack(const Vascope__V1__Frame *frame, size_t *ret_size)
{
	uint8_t *data = vs_xrealloc(NULL, vascope__v1__frame__get_packed_size(frame), 1);

	*ret_size = vascope__v1__frame__pack(frame, data);
	return data;
}

static uint8_t *hello(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Hello message = VASCOPE__V1__HELLO__INIT;

	message.magic = VS_HELLO_MAGIC;
	message.major = VS_PROTOCOL_MAJOR;
	message.minor = VS_PROTOCOL_MINOR;
	message.build = "0123456789abcdef";
	message.page_size = 4096;
	message.program = "vascoped 0.1.0";
	frame.body_case = VASCOPE__V1__FRAME__BODY_HELLO;
	frame.hello = &message;
	return pack(&frame, ret_size);
}

struct kept {
	uint8_t *data;
	size_t size;
};

static Vascope__V1__ScenarioInfo *golden_scenario(void)
{
	static Vascope__V1__ParameterInfo rounds = VASCOPE__V1__PARAMETER_INFO__INIT, *parameters[] = { &rounds };
	static Vascope__V1__ScenarioInfo info = VASCOPE__V1__SCENARIO_INFO__INIT;

	rounds.name = "rounds";
	rounds.description = "how often";
	rounds.minimum = 1;
	rounds.maximum = 100000;
	rounds.default_value = 100;
	info.id = "vm-bind-churn";
	info.description = "Maps and unmaps at random.";
	info.parameters = parameters;
	info.n_parameters = 1;
	info.needs = "the driver does not offer VM_BIND";
	return &info;
}

static void keep(void *data, const Vascope__V1__Frame *frame)
{
	Vascope__V1__ScenarioInfo *scenario_list[1];
	struct kept *kept = data;

	/* What is measured at the time of sending cannot be in a fixture. */
	if (frame->body_case == VASCOPE__V1__FRAME__BODY_CAPABILITIES) {
		frame->capabilities->clock->monotonic_ns = T0;
		frame->capabilities->clock->realtime_ns = 1767225600000000000ull;
		frame->capabilities->clock->uncertainty_ns = 250;
		/* The catalogue belongs to the scenarios; a change there is no change of the protocol. */
		scenario_list[0] = golden_scenario();
		frame->capabilities->scenarios = scenario_list;
		frame->capabilities->n_scenarios = 1;
	}
	kept->data = pack(frame, &kept->size);
}

static uint8_t *capabilities(size_t *ret_size)
{
	static const struct vs_probe insert = { .program = "va_insert", .symbol = "drm_gpuva_insert",
						.module = "drm_gpuvm", .how = VS_HOW_FEXIT, .kinds = { VS_VA_INSERT } };
	static const struct vs_probe destroy = { .program = "vm_bo_destroy", .symbol = "drm_gpuvm_bo_destroy_not_in_lists",
						 .module = "drm_gpuvm", .how = VS_HOW_FENTRY, .kinds = { VS_VM_BO_DESTROY } };
	struct vs_probe_result results[] = {
		{ .probe = &insert, .wanted = true, .state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED },
		{ .probe = &destroy, .state = VASCOPE__V1__PROBE_STATE__PROBE_STATE_ALTERNATIVE,
		  .reason = "drm_gpuvm_bo_destroy stands in" },
	};
	struct bpf_link *links[2] = { (struct bpf_link *)results, NULL }; /* only compared with NULL */
	struct vs_enumerator vm_flags[] = { { "DRM_GPUVM_RESV_PROTECTED", 1 }, { "DRM_GPUVM_IMMEDIATE_MODE", 2 } };
	struct vs_enumerator va_flags[] = { { "DRM_GPUVA_INVALIDATED", 1 }, { "DRM_GPUVA_SPARSE", 2 } };
	struct vs_flag_names flags = { vm_flags, 2, va_flags, 2 };
	struct vs_tracer tracer = { .level = VS_LEVEL_BPF, .results = results, .n_results = 2, .links = links, .walk_fd = -1 };
	struct vs_nodes nodes = { .n = 1, .traced = 0 };
	struct vs_msm_facts msm = { .present = true, .gpu = "Adreno 702", .vm_bind = true, .sparse = true,
				    .va_start = 1ull << 32, .va_size = 0xffff00000000ull };
	struct vs_btf btf = { .vmlinux = (struct btf *)&flags }; /* only compared with NULL */
	struct vs_runner_fds offer = { .card = -1 };
	struct vs_findings findings = { .root = true, .alone = true, .walk_error = -2, .runner = true, .btf = &btf,
					.nodes = &nodes, .msm = &msm, .tracer = &tracer, .offer = &offer };
	struct vs_facts facts = { .release = "7.3.4+deb13-arm64", .version = "#1 SMP PREEMPT_DYNAMIC Debian 7.3.4-1",
				  .machine = "aarch64", .model = "linux,dummy-virt", .build_id = "df749f9ae9b0",
				  .modules = { { "msm", "2d6f87da26fb" }, { "drm_gpuvm", "bd7121b47adc" } }, .n_modules = 2 };
	struct vs_capabilities all = { &facts, &flags, &findings };
	struct vs_node *node = &nodes.node[0];
	struct kept kept;

	*node = (struct vs_node){ .card = "/dev/dri/card0", .render = "/dev/dri/renderD128", .driver = "msm",
				  .version = "1.13.0", .desc = "MSM Snapdragon DRM", .crtcs = 1, .planes = 4,
				  .connectors = { "Writeback-1" }, .n_connectors = 1, .card_fd = -1, .master = true };
	vs_capabilities_send(&all, keep, &kept);
	*ret_size = kept.size;
	return kept.data;
}

#define VM 0xffff000001000000ull
#define VA(n) (0xffff000002000000ull + 0x100 * (n))
#define BO(n) (0xffff000003000000ull + 0x400 * (n))
#define VM_BO(n) (0xffff000004000000ull + 0x80 * (n))
#define DRM_FILE 0xffff000005000000ull
#define JOB 0xffff000006000000ull

#define EVENT(kind_, us, ...)                                                                      \
	{                                                                                          \
		.event = { .time_ns = T0 + (us) * 1000, .kind = kind_, .pid = 120, .tid = 121,      \
			   .comm = "vascoped-run", .value = { __VA_ARGS__ } }                       \
	}
#define NAMED(kind_, us, text_, ...)                                                               \
	{                                                                                          \
		.event = { .time_ns = T0 + (us) * 1000, .kind = kind_, .pid = 120, .tid = 121,      \
			   .comm = "vascoped-run", .value = { __VA_ARGS__ } },                      \
		.text = text_,                                                                     \
	}

/* A short life of a VM, in the order of the ring: not quite that of time. */
static const struct vs_text_event life[] = {
	NAMED(VS_VM_CREATE, 0, "gpu", VM, 0, 1ull << 32, 0xffff00000000ull),
	EVENT(VS_VM_MODE, 3, VM, 2),
	EVENT(VS_BO_CREATE, 10, BO(0), 0x4000, 0x20000),
	NAMED(VS_BO_NAME, 11, "churn", BO(0)),
	EVENT(VS_HANDLE_OPEN, 12, DRM_FILE, BO(0), 1, 1),
	EVENT(VS_VM_FILE, 13, VM, DRM_FILE),
	EVENT(VS_VMA_REF, 14, BO(0), 1),
	EVENT(VS_PAGES_GET, 15, BO(0)),
	EVENT(VS_PIN, 16, BO(0), 1),
	EVENT(VS_SM_MAP, 19, VM, BO(0), 0x100000000ull, 0x4000, 0, 0x10),
	EVENT(VS_VM_BO_CREATE, 20, VM, VM_BO(0), BO(0), 2, 1),
	EVENT(VS_VA_INSERT, 22, VM, VA(0), BO(0), 0x100000000ull, 0x4000, 0, 0),
	EVENT(VS_VA_LINK, 21, VA(0), VM_BO(0)), /* another CPU's clock */
	NAMED(VS_JOB_QUEUE, 24, "msm-vm-bind", JOB),
	EVENT(VS_VM_BIND, 26, 2, 1, 0, 0, 9000),
	EVENT(VS_THROTTLE, 27, VM, 3),
	NAMED(VS_JOB_RUN, 30, "msm-vm-bind", JOB),
	EVENT(VS_PTE_MAP, 32, VM, 0x100000000ull, 0x4000, 2, 0),
	EVENT(VS_UNPIN, 35, BO(0), 0),
	EVENT(VS_VM_BIND_RUN, 38, JOB, VM, 0, 8000),
	EVENT(VS_JOB_DONE, 41, JOB),
	EVENT(VS_VM_BIND_FREE, 43, JOB, 0),
	EVENT(VS_PREALLOC_CLEANUP, 44, 2),
	EVENT(VS_SM_KEEP, 46, VM, VA(0), 0x10),
	EVENT(VS_VA_INSERT, 50, VM, VA(1), 0, 0x200000000ull, 0x100000, 0, 2), /* MAP_NULL */
	EVENT(VS_SUBMIT, 55, 7, 0),
	EVENT(VS_SUBMIT_FLUSH, 56, 7, 0, 3),
	EVENT(VS_SUBMIT_RETIRE, 70, 7, 0, 3, 12345),
	EVENT(VS_FB_CREATE, 80, 61, BO(0), 0x4000),
	EVENT(VS_FB_PREPARE, 81, 61, 1, 700),
	EVENT(VS_FB_PLANE, 80, 61, BO(0), 1),
	EVENT(VS_COMMIT_BEGIN, 82, 1),
	EVENT(VS_COMMIT_WAIT, 82, 1, 300),
	EVENT(VS_VBLANK, 83, 1, 100),
	EVENT(VS_VBLANK_SENT, 83, 1, 100),
	EVENT(VS_FLIP_DONE, 83, 1, 0),
	EVENT(VS_COMMIT_END, 84, 1),
	EVENT(VS_FB_CLEANUP, 85, 61, 0, 600),
	EVENT(VS_FB_DESTROY, 86, 61),
	EVENT(VS_EXPORT, 86, BO(0)),
	EVENT(VS_IMPORT, 87, DRM_FILE, 1, 0),
	EVENT(VS_EXPORT_END, 87, BO(0)),
	EVENT(VS_BO_MADVISE, 88, BO(0), 1, 1),
	EVENT(VS_BO_EVICT, 88, BO(0)),
	EVENT(VS_PTE_UNMAP, 88, VM, 0x100000000ull, 0x4000, 0, VS_REASON_EVICT),
	EVENT(VS_VM_BO_EVICT, 88, VM_BO(0), 1),
	EVENT(VS_SHRINK, 88, 2, 0x4000),
	EVENT(VS_VM_BO_VALIDATE, 89, VM_BO(0), 0),
	EVENT(VS_VM_BO_OBTAIN, 89, VM, VM_BO(0), BO(0)),
	EVENT(VS_HANDLE_CLOSE, 90, DRM_FILE, BO(0), 1, 2),
	EVENT(VS_HANDLE_CLOSED, 91, DRM_FILE, BO(0), 1500),
	EVENT(VS_VM_CLOSE, 95, VM),
	EVENT(VS_VA_REMOVE, 96, VM, VA(0), VS_REASON_VM_CLOSE),
	EVENT(VS_VA_UNLINK, 97, VA(0), VM_BO(0)),
	EVENT(VS_VM_BO_DESTROY, 98, VM, VM_BO(0), BO(0), 1),
	EVENT(VS_BO_DESTROY, 99, BO(0)),
	EVENT(VS_PAGES_PUT, 99, BO(0)),
	EVENT(VS_VA_REMOVE, 100, VM, VA(1), VS_REASON_VM_CLOSE),
	EVENT(VS_VM_CLOSE_END, 101, VM),
	EVENT(VS_VM_DESTROY, 102, VM),
};

static uint8_t *events(size_t *ret_size)
{
	struct vs_announcements announcements = { 0 };
	struct vs_packed_batch packed;
	struct vs_resolver resolver;
	struct vs_batch batch;
	uint8_t *data;
	size_t n = 0;

	vs_resolver_init(&resolver, 4096);
	vs_batch_init(&batch);
	for (size_t i = 0; i < VS_ARRAY_SIZE(life); i++) {
		struct vs_row row;

		vs_resolve(&resolver, &life[i].event, life[i].text, &row);
		vs_announce(&announcements, &row);
		vs_batch_add(&batch, &row);
	}
	vs_batch_pack(&batch, &announcements, 1, VS_CLASS_LIFECYCLE, &packed);
	data = vs_xrealloc(NULL, packed.size + 1 + VS_VARINT_MAX, 1);
	data[n++] = 0x1a; /* Frame.events */
	n += vs_varint_write(data + n, packed.size);
	memcpy(data + n, packed.data, packed.size);
	*ret_size = n + packed.size;
	free(packed.data);
	vs_batch_destroy(&batch);
	vs_announcements_destroy(&announcements);
	vs_resolver_destroy(&resolver);
	return data;
}

static uint8_t *snapshot(size_t *ret_size)
{
	static const struct vs_text_event walk[] = {
		EVENT(VS_WALK_BEGIN, 1, 0),
		NAMED(VS_WALK_BO, 2, "ring0", BO(0), 0x8000, 0x20020002, 2, 0, 1, 3, VS_BO_RESIDENT_BIT | 1),
		EVENT(VS_WALK_VM_BO, 3, VM_BO(0), VM, BO(0), 0),
		NAMED(VS_WALK_VM, 4, "gpu", VM, 0, VS_VM_UNUSABLE_BIT | 1, 0x1000000000ull, 0x1000000000ull, 3, 0, 0),
		EVENT(VS_WALK_VA, 5, VA(0), VM, VM_BO(0), BO(0), 0x1000000000ull, 0x8000, 0, VS_VA_MAPPED_BIT | 0x10),
		EVENT(VS_WALK_VA, 6, VA(1), VM, 0, 0, 0x1100000000ull, 0x10000, 0, 2),
		EVENT(VS_WALK_END, 7, 0),
	};
	struct vs_resolver resolver;
	struct vs_snapshot made;
	struct kept kept;

	vs_resolver_init(&resolver, 4096);
	vs_snapshot_init(&made, &resolver);
	vs_snapshot_begin(&made, T0);
	for (size_t i = 0; i < VS_ARRAY_SIZE(walk); i++)
		vs_snapshot_record(&made, &walk[i].event, walk[i].text);
	vs_snapshot_send(&made, 7, T0 + 10000, true, keep, &kept);
	vs_snapshot_destroy(&made);
	vs_resolver_destroy(&resolver);
	*ret_size = kept.size;
	return kept.data;
}

static uint8_t *scenario(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__ScenarioStatus message = VASCOPE__V1__SCENARIO_STATUS__INIT;
	Vascope__V1__Issued map = VASCOPE__V1__ISSUED__INIT, inserts = VASCOPE__V1__ISSUED__INIT;
	Vascope__V1__Issued *issued[] = { &map, &inserts };

	map.name = "map";
	map.value = 936;
	inserts.name = "expect-va-insert";
	inserts.value = 1061;
	message.run_id = 1;
	message.scenario = "vm-bind-churn";
	message.state = VASCOPE__V1__SCENARIO_STATE__SCENARIO_STATE_DONE;
	message.time_ns = T0;
	message.done = 20;
	message.total = 20;
	message.text = "2.96 s";
	message.issued = issued;
	message.n_issued = 2;
	message.seed = 1;
	message.pid = 120;
	frame.body_case = VASCOPE__V1__FRAME__BODY_SCENARIO;
	frame.scenario = &message;
	return pack(&frame, ret_size);
}

static uint8_t *loss(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Loss message = VASCOPE__V1__LOSS__INIT;
	Vascope__V1__LossOfKind kind = VASCOPE__V1__LOSS_OF_KIND__INIT, *kinds[] = { &kind };
	Vascope__V1__LossOfCpu cpu = VASCOPE__V1__LOSS_OF_CPU__INIT, *cpus[] = { &cpu };

	kind.kind = VASCOPE__V1__EVENT_KIND__EVENT_KIND_JOB_RUN;
	kind.kernel = 3;
	kind.queue = 4096;
	cpu.cpu = 1;
	cpu.kernel = 3;
	message.first_ns = T0;
	message.last_ns = T0 + VS_NS_PER_S;
	message.kinds = kinds;
	message.n_kinds = 1;
	message.cpus = cpus;
	message.n_cpus = 1;
	message.batch_seq = 12;
	frame.body_case = VASCOPE__V1__FRAME__BODY_LOSS;
	frame.loss = &message;
	return pack(&frame, ret_size);
}

static uint8_t *log_line(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Log message = VASCOPE__V1__LOG__INIT;

	message.level = VASCOPE__V1__LOG_LEVEL__LOG_LEVEL_WARNING;
	message.time_ns = T0;
	message.text = "Start was ignored: tracing already.";
	frame.body_case = VASCOPE__V1__FRAME__BODY_LOG;
	frame.log = &message;
	return pack(&frame, ret_size);
}

static void totals(Vascope__V1__Heartbeat *message)
{
	vascope__v1__heartbeat__init(message);
	message->time_ns = T0;
	message->produced = 6604;
	message->delivered = 2505;
	message->dropped_kernel = 3;
	message->dropped_queue = 4096;
	message->queue_limit = VS_QUEUE_LIMIT;
}

static uint8_t *heartbeat(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Heartbeat message;

	totals(&message);
	message.queue_bytes = 65536;
	message.delivered = 2000;
	frame.body_case = VASCOPE__V1__FRAME__BODY_HEARTBEAT;
	frame.heartbeat = &message;
	return pack(&frame, ret_size);
}

static uint8_t *goodbye(size_t *ret_size)
{
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__Goodbye message = VASCOPE__V1__GOODBYE__INIT;
	Vascope__V1__Heartbeat heart;

	totals(&heart);
	message.reason = VASCOPE__V1__GOODBYE_REASON__GOODBYE_REASON_STOPPED;
	message.text = "Stopped.";
	message.totals = &heart;
	frame.body_case = VASCOPE__V1__FRAME__BODY_GOODBYE;
	frame.goodbye = &message;
	return pack(&frame, ret_size);
}

const struct vs_golden vs_goldens[] = {
	{ "hello", hello },	    { "capabilities", capabilities }, { "events", events },
	{ "snapshot", snapshot },   { "scenario", scenario },	      { "loss", loss },
	{ "log", log_line },	    { "heartbeat", heartbeat },	      { "goodbye", goodbye },
};
const size_t vs_n_goldens = VS_ARRAY_SIZE(vs_goldens);
