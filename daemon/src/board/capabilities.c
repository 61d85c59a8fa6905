/* SPDX-License-Identifier: MIT */
#include "board/capabilities.h"

#include "scenario/needs.h"
#include "scenario/runner.h"
#include "trace/schema.h"
#include "util.h"

void vs_flag_names_read(struct vs_flag_names *names, struct vs_btf *btf)
{
	*names = (struct vs_flag_names){ 0 };
	names->n_vm = vs_btf_enumerators(btf, "drm_gpuvm", "drm_gpuvm_flags", &names->vm);
	names->n_va = vs_btf_enumerators(btf, "drm_gpuvm", "drm_gpuva_flags", &names->va);
}

static void vs_enumerators_free(struct vs_enumerator *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

void vs_flag_names_destroy(struct vs_flag_names *names)
{
	vs_enumerators_free(names->vm, names->n_vm);
	vs_enumerators_free(names->va, names->n_va);
	*names = (struct vs_flag_names){ 0 };
}

/* Memory of one message, freed together. */
struct vs_arena {
	void *piece[256];
	size_t n;
};

static void *vs_arena_take(struct vs_arena *arena, size_t n, size_t size)
{
	if (arena->n == VS_ARRAY_SIZE(arena->piece))
		abort();
	return arena->piece[arena->n++] = vs_xcalloc(n, size);
}

static void vs_arena_free(struct vs_arena *arena)
{
	for (size_t i = 0; i < arena->n; i++)
		free(arena->piece[i]);
}

/* An array of n messages of a type, with the array of pointers that protobuf-c wants, both in message->field. */
#define VS_REPEAT(arena, message, field, count, type)                                              \
	({                                                                                          \
		size_t n_ = (count);                                                                \
		Vascope__V1__##type *items_ = vs_arena_take(arena, n_, sizeof(*items_));            \
		(message)->field = vs_arena_take(arena, n_, sizeof(*(message)->field));             \
		(message)->n_##field = n_;                                                          \
		for (size_t i_ = 0; i_ < n_; i_++)                                                  \
			(message)->field[i_] = &items_[i_];                                         \
		items_;                                                                             \
	})

/* Below BPF some kinds cannot be had at all, and are not in the schema: the desktop must not wait for them. */
static bool vs_kind_is_given(const struct vs_tracer *tracer, int kind)
{
	if (tracer->level == VS_LEVEL_BPF)
		return vs_schemas[kind].name != NULL;
	for (size_t i = 0; i < tracer->n_results; i++) {
		const struct vs_probe_result *result = &tracer->results[i];

		if (result->state != VASCOPE__V1__PROBE_STATE__PROBE_STATE_ATTACHED)
			continue;
		for (int k = 0; k < VS_PROBE_KINDS; k++)
			if ((int)result->probe->kinds[k] == kind)
				return true;
	}
	return false;
}

static void vs_put_schema(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_tracer *tracer)
{
	Vascope__V1__KindSchema *schema = VS_REPEAT(arena, message, schema, VS_KIND_COUNT - 1, KindSchema);
	Vascope__V1__Column *columns = vs_arena_take(arena, VS_KIND_COUNT * VS_COLUMNS_OF_KIND, sizeof(*columns));

	message->n_schema = 0;
	for (int kind = 1; kind < VS_KIND_COUNT; kind++) {
		if (!vs_kind_is_given(tracer, kind))
			continue;
		message->n_schema++;
		vascope__v1__kind_schema__init(schema);
		schema->kind = (Vascope__V1__EventKind)kind;
		schema->name = (char *)vs_schemas[kind].name;
		schema->columns = columns;
		for (const struct vs_column *column = vs_schemas[kind].columns; column->column; column++)
			*columns++ = column->column;
		schema->n_columns = (size_t)(columns - schema->columns);
		schema++;
	}
}

static void vs_put_probes(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_tracer *tracer)
{
	Vascope__V1__Probe *probe = VS_REPEAT(arena, message, probes, tracer->n_results, Probe);
	Vascope__V1__EventKind *kinds = vs_arena_take(arena, tracer->n_results * VS_PROBE_KINDS, sizeof(*kinds));

	for (size_t i = 0; i < tracer->n_results; i++, probe++) {
		const struct vs_probe_result *result = &tracer->results[i];

		vascope__v1__probe__init(probe);
		probe->symbol = (char *)result->probe->symbol;
		probe->how = (char *)vs_how_name(result->probe->how);
		probe->state = result->state;
		probe->reason = result->reason ? result->reason : "";
		probe->kinds = kinds;
		/* The daemon's own kinds are above the wire's. */
		for (int k = 0; k < VS_PROBE_KINDS && result->probe->kinds[k] && result->probe->kinds[k] < VS_KIND_COUNT; k++)
			*kinds++ = (Vascope__V1__EventKind)result->probe->kinds[k];
		probe->n_kinds = (size_t)(kinds - probe->kinds);
	}
}

static void vs_put_flags(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_flag_names *names)
{
	Vascope__V1__FlagName *vm = VS_REPEAT(arena, message, vm_flags, names->n_vm, FlagName);
	Vascope__V1__FlagName *va = VS_REPEAT(arena, message, va_flags, names->n_va, FlagName);

	for (size_t i = 0; i < names->n_vm; i++) {
		vascope__v1__flag_name__init(&vm[i]);
		vm[i].name = names->vm[i].name;
		vm[i].value = names->vm[i].value;
	}
	for (size_t i = 0; i < names->n_va; i++) {
		vascope__v1__flag_name__init(&va[i]);
		va[i].name = names->va[i].name;
		va[i].value = names->va[i].value;
	}
}

static void vs_put_driver(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_findings *findings)
{
	const struct vs_node *node = vs_nodes_traced(findings->nodes);
	const struct vs_msm_facts *msm = findings->msm;
	Vascope__V1__DrmDriver *driver;

	if (!node)
		return;
	driver = vs_arena_take(arena, 1, sizeof(*driver));
	vascope__v1__drm_driver__init(driver);
	driver->name = (char *)node->driver;
	driver->version = (char *)node->version;
	driver->desc = (char *)node->desc;
	driver->gpu = (char *)msm->gpu;
	driver->vm_bind = msm->vm_bind;
	driver->sparse = msm->sparse;
	driver->va_start = msm->va_start;
	driver->va_size = msm->va_size;
	message->driver = driver;
}

static void vs_put_nodes(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_nodes *nodes)
{
	Vascope__V1__DrmNode *out;
	size_t n = 0;

	for (size_t i = 0; i < nodes->n; i++)
		n += (nodes->node[i].card[0] != 0) + (nodes->node[i].render[0] != 0);
	out = VS_REPEAT(arena, message, nodes, n, DrmNode);
	for (size_t i = 0; i < nodes->n; i++) {
		const struct vs_node *node = &nodes->node[i];

		if (node->card[0]) {
			vascope__v1__drm_node__init(out);
			out->path = (char *)node->card;
			out->driver = (char *)node->driver;
			out->crtcs = node->crtcs;
			out->planes = node->planes;
			out->connectors = vs_arena_take(arena, node->n_connectors, sizeof(*out->connectors));
			out->n_connectors = node->n_connectors;
			for (size_t c = 0; c < node->n_connectors; c++)
				out->connectors[c] = (char *)node->connectors[c];
			out->master = node->master;
			out++;
		}
		if (node->render[0]) {
			vascope__v1__drm_node__init(out);
			out->path = (char *)node->render;
			out->driver = (char *)node->driver;
			out++;
		}
	}
}

static void vs_put_kernel(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_facts *facts)
{
	Vascope__V1__Module *modules = VS_REPEAT(arena, message, modules, facts->n_modules, Module);

	message->kernel_release = (char *)facts->release;
	message->kernel_version = (char *)facts->version;
	message->kernel_build_id = (char *)facts->build_id;
	message->machine = (char *)facts->machine;
	message->model = (char *)facts->model;
	for (size_t i = 0; i < facts->n_modules; i++) {
		vascope__v1__module__init(&modules[i]);
		modules[i].name = (char *)facts->modules[i].name;
		modules[i].build_id = (char *)facts->modules[i].build_id;
		modules[i].version = (char *)facts->modules[i].version;
	}
}

static void vs_put_checks(Vascope__V1__Capabilities *message, struct vs_arena *arena, const struct vs_checks *checks)
{
	Vascope__V1__Check *out = VS_REPEAT(arena, message, checks, checks->n, Check);

	for (size_t i = 0; i < checks->n; i++) {
		vascope__v1__check__init(&out[i]);
		out[i].id = (char *)checks->check[i].id;
		out[i].title = (char *)checks->check[i].title;
		out[i].state = checks->check[i].state;
		out[i].detail = (char *)checks->check[i].detail;
		out[i].remedy = (char *)checks->check[i].remedy;
	}
}

static char *vs_render_needs(const struct vs_node *node, int error, struct vs_arena *arena)
{
	char remedy[VS_REMEDY_MAX];
	size_t size = sizeof(remedy) + 128;
	char *needs = vs_arena_take(arena, size, 1);

	vs_render_remedy(remedy, node);
	snprintf(needs, size, "the scenario runner, which is not root, cannot open %s: %s. %s", node->render,
		 strerror(-error), remedy);
	return needs;
}

/* Why there is no way to scan out, "" when there is one; of the lacks of CARD that are not the daemon's own. */
static const char *vs_card_needs(const struct vs_findings *findings)
{
	const struct vs_node *scanout = vs_nodes_scanout(findings->nodes);

	return !scanout || !scanout->crtcs ? "the board has no display output" :
	       !scanout->master ? "another process is DRM master; stop the compositor first" : "";
}

/* Why the scenario cannot run here, "" when it can. */
static const char *vs_why_not(unsigned needs, const struct vs_findings *findings, struct vs_arena *arena)
{
	const struct vs_node *node = vs_nodes_traced(findings->nodes);
	unsigned lacks = needs & findings->offer->lacks;

	if (!findings->runner)
		return "the scenario runner could not be started on the board";
	if (needs & ~VS_NEEDS_FLIP && (!node || !findings->msm->present))
		return "there is no msm device on the board";
	if (lacks & VS_NEEDS_VM_BIND)
		return "the driver does not offer VM_BIND (needs msm 1.13, Linux 6.17)";
	if (lacks & VS_NEEDS_CARD && vs_card_needs(findings)[0])
		return vs_card_needs(findings);
	if (lacks)
		return vs_need_text(lacks);
	return needs & VS_NEEDS_RENDER && findings->render_error ? vs_render_needs(node, findings->render_error, arena) : "";
}

static void vs_put_scenarios(Vascope__V1__Capabilities *message, struct vs_arena *arena,
			     const struct vs_findings *findings)
{
	Vascope__V1__ScenarioInfo **infos;
	size_t n = vs_scenario_infos(&infos);
	Vascope__V1__ScenarioInfo *out = VS_REPEAT(arena, message, scenarios, n, ScenarioInfo);

	for (size_t i = 0; i < n; i++) {
		out[i] = *infos[i];
		out[i].needs = (char *)vs_why_not(vs_scenario_needs(i), findings, arena);
	}
}

/* The tightest of a few readings of both clocks. */
static void vs_put_clock(Vascope__V1__ClockAnchor *anchor)
{
	vascope__v1__clock_anchor__init(anchor);
	for (int i = 0; i < 5; i++) {
		uint64_t before = vs_now_ns();
		uint64_t realtime = vs_clock_ns(CLOCK_REALTIME);
		uint64_t after = vs_now_ns();

		if (i && (after - before) / 2 >= anchor->uncertainty_ns)
			continue;
		anchor->monotonic_ns = before + (after - before) / 2;
		anchor->realtime_ns = realtime;
		anchor->uncertainty_ns = (after - before) / 2;
	}
}

void vs_capabilities_send(const struct vs_capabilities *capabilities, void (*send)(void *, const Vascope__V1__Frame *),
			  void *data)
{
	Vascope__V1__Capabilities message = VASCOPE__V1__CAPABILITIES__INIT;
	Vascope__V1__Frame frame = VASCOPE__V1__FRAME__INIT;
	Vascope__V1__ClockAnchor clock;
	struct vs_arena arena = { .n = 0 };
	struct vs_checks checks;

	vs_checks_make(&checks, capabilities->findings);
	vs_put_schema(&message, &arena, capabilities->findings->tracer);
	vs_put_probes(&message, &arena, capabilities->findings->tracer);
	vs_put_flags(&message, &arena, capabilities->flags);
	vs_put_scenarios(&message, &arena, capabilities->findings);
	vs_put_kernel(&message, &arena, capabilities->facts);
	vs_put_driver(&message, &arena, capabilities->findings);
	vs_put_nodes(&message, &arena, capabilities->findings->nodes);
	vs_put_checks(&message, &arena, &checks);
	vs_put_clock(&clock);
	message.clock = &clock;
	message.trace_level = (Vascope__V1__TraceLevel)capabilities->findings->tracer->level;
	if (capabilities->findings->tracer->level_reason)
		message.trace_reason = capabilities->findings->tracer->level_reason;
	frame.body_case = VASCOPE__V1__FRAME__BODY_CAPABILITIES;
	frame.capabilities = &message;
	send(data, &frame);
	vs_arena_free(&arena);
}
