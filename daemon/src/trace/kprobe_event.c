/* SPDX-License-Identifier: MIT */
#include "trace/kprobe_event.h"

#include <errno.h>

#include "trace/tracefs.h"
#include "util.h"

static const struct {
	const char *word;
	enum vs_value_op op;
} words[] = {
	{ "- ", VS_VALUE_ERRNO },  { "~ ", VS_VALUE_BIT },      { "mode ", VS_VALUE_MODE }, { "bad ", VS_VALUE_BAD },
	{ "less ", VS_VALUE_LESS }, { "pages ", VS_VALUE_PAGES }, { "msm ", VS_VALUE_MSM },
};

static const struct {
	const char *word;
	enum vs_value_op op;
} made[] = {
	{ "=duration", VS_VALUE_DURATION },
	{ "=begin", VS_VALUE_BEGIN },
	{ "=reason", VS_VALUE_REASON },
};

/* What is put together: text, and where its end is. */
struct vs_defining {
	char *text;
	size_t at;
	size_t room;
	vs_member_fn member;
	void *data;
};

__attribute__((format(printf, 2, 3))) static int vs_defining_add(struct vs_defining *d, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(d->text + d->at, d->room - d->at, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= d->room - d->at)
		return -E2BIG;
	d->at += (size_t)n;
	return 0;
}

static int vs_define_fetch(struct vs_defining *d, const char *name, const char *expression, bool is_text,
			   struct vs_kprobe_field *field)
{
	struct vs_fetch fetch;
	int r = vs_fetch_compile(expression, is_text, d->member, d->data, &fetch);

	if (r)
		return r;
	field->bias = fetch.bias;
	field->size = 1; /* until the format file says how much */
	return vs_defining_add(d, " %s=%s", name, fetch.text);
}

static int vs_define_value(struct vs_defining *d, unsigned int i, const char *expression, struct vs_kprobe_field *field)
{
	char name[8];
	int r;

	snprintf(name, sizeof(name), "a%u", i);
	if (*expression == '=') {
		field->op = VS_VALUE_CONSTANT;
		field->bias = strtoll(expression + 1, NULL, 10);
		for (size_t m = 0; m < VS_ARRAY_SIZE(made); m++)
			if (!strcmp(expression, made[m].word))
				field->op = made[m].op;
		return 0;
	}
	for (size_t w = 0; w < VS_ARRAY_SIZE(words); w++) {
		size_t n = strlen(words[w].word);

		if (strncmp(expression, words[w].word, n))
			continue;
		field->op = words[w].op;
		expression += n;
		break;
	}
	r = vs_define_fetch(d, name, expression, false, field);
	/* Without msm on this board there is no object of msm either. */
	if (r == -ENOENT && field->op == VS_VALUE_MSM) {
		*field = (struct vs_kprobe_field){ .op = VS_VALUE_CONSTANT };
		return 0;
	}
	return r;
}

/* What the kernel's task_struct and the like are read for, where the kind says who did it; and for tgid, at all. */
static int vs_define_task(struct vs_defining *d, struct vs_kprobe_event *event, const struct vs_kprobe_syntax *syntax)
{
	uint32_t offset, size;
	int r;

	event->comm.size = 1;
	r = vs_defining_add(d, " comm=$comm");
	if (r || !syntax->current || d->member(d->data, "task_struct", "tgid", &offset, &size))
		return r;
	event->tgid.size = 1;
	return vs_defining_add(d, " tgid=+%u($current):x32", offset);
}

static int vs_define_place(struct vs_defining *d, const struct vs_kprobe_spec *spec, const char *group)
{
	const struct vs_probe *probe = &spec->probe;
	bool exit = probe->how == VS_HOW_KRETPROBE;

	if (probe->how == VS_HOW_TRACEPOINT)
		return vs_defining_add(d, "t:%s/%s %s", group, probe->program, probe->symbol);
	return vs_defining_add(d, "%c:%s/%s %s:%s", exit ? 'r' : 'p', group, probe->program, probe->module, probe->symbol);
}

int vs_kprobe_define(struct vs_kprobe_event *event, const struct vs_kprobe_spec *spec, const struct vs_kprobe_syntax *syntax,
		     const char *group, vs_member_fn member, void *data, char *ret_definition, size_t room)
{
	struct vs_defining d = { .text = ret_definition, .room = room, .member = member, .data = data };
	char device[128];
	int r = vs_define_place(&d, spec, group);

	*event = (struct vs_kprobe_event){ .spec = spec };
	for (unsigned int i = 0; i < VS_KPROBE_VALUES && spec->value[i] && !r; i++)
		r = vs_define_value(&d, i, spec->value[i], &event->value[i]);
	if (!r && spec->guard)
		r = vs_define_fetch(&d, "g", spec->guard, false, &event->guard);
	if (!r && spec->device) {
		snprintf(device, sizeof(device), "%s:drm_device.driver:drm_driver.name@4", spec->device);
		r = vs_define_fetch(&d, "device", device, false, &event->device);
	}
	if (!r && spec->text)
		r = vs_define_fetch(&d, "text", spec->text, true, &event->text);
	if (!r && spec->probe.kinds[0] && vs_kind_has_task(spec->probe.kinds[0]))
		r = vs_define_task(&d, event, syntax);
	return r ? r : vs_defining_add(&d, "\n");
}

bool vs_kprobe_format(struct vs_kprobe_event *event, const char *format)
{
	const struct {
		const char *name;
		struct vs_kprobe_field *field;
	} named[] = {
		{ "g", &event->guard },	  { "device", &event->device }, { "text", &event->text },
		{ "comm", &event->comm }, { "tgid", &event->tgid },
	};
	char name[8];

	for (unsigned int i = 0; i < VS_KPROBE_VALUES; i++) {
		struct vs_kprobe_field *field = &event->value[i];

		snprintf(name, sizeof(name), "a%u", i);
		if (field->size && !vs_tracefs_field(format, name, &field->offset, &field->size))
			return false;
	}
	for (size_t i = 0; i < VS_ARRAY_SIZE(named); i++)
		if (named[i].field->size &&
		    !vs_tracefs_field(format, named[i].name, &named[i].field->offset, &named[i].field->size))
			return false;
	return true;
}

uint64_t vs_kprobe_number(const struct vs_kprobe_field *field, const uint8_t *record, size_t size)
{
	uint64_t value = 0;

	if (!field->size || field->size > sizeof(value) || field->offset + field->size > size)
		return 0;
	memcpy(&value, record + field->offset, field->size); /* little endian, as every board that has msm */
	return value + (uint64_t)field->bias;
}

/* __data_loc: where the string is in the record, and its length in the upper half. */
void vs_kprobe_string(const struct vs_kprobe_field *field, const uint8_t *record, size_t size, char *ret, size_t room)
{
	uint32_t place = (uint32_t)vs_kprobe_number(field, record, size);
	size_t at = place & 0xffff, n = place >> 16;

	memset(ret, 0, room);
	if (!field->size || at > size)
		return;
	if (n > size - at)
		n = size - at;
	memcpy(ret, record + at, n < room - 1 ? n : room - 1);
}
