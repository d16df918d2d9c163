package schema

import (
	"strings"

	"busbar/bus/kinds"
	"busbar/common/event"
)

// AsyncAPI describes the bus as a document of the AsyncAPI Specification 3.0.0: each
// kind is a channel, whose address is the topic, with its message. Whoever has a
// subscriber can make types, pages and checks of it.
func AsyncAPI(catalog event.Catalog) map[string]any {
	channels, operations := map[string]any{}, map[string]any{}
	messages, schemas := map[string]any{}, map[string]any{}
	for _, k := range catalog {
		body := schema(k.Body)
		body["title"] = k.Topic
		body["description"] = kinds.Meaning(k)
		schemas[k.Topic] = body
		messages[k.Topic] = map[string]any{
			"name": k.Topic, "title": k.Topic, "summary": kinds.Meaning(k),
			"contentType": "application/json",
			"payload":     envelope(k.Topic),
		}
		channels[k.Topic] = map[string]any{
			"address":    "{prefix}.{environment}." + k.Topic,
			"title":      k.Topic,
			"summary":    kinds.Meaning(k),
			"messages":   map[string]any{k.Topic: ref("components", "messages", k.Topic)},
			"parameters": map[string]any{"prefix": ref("components", "parameters", "prefix"), "environment": ref("components", "parameters", "environment")},
		}
		operations["receive."+k.Topic] = map[string]any{
			"action":   "receive",
			"channel":  ref("channels", k.Topic),
			"summary":  kinds.Meaning(k),
			"messages": []any{ref("channels", k.Topic, "messages", k.Topic)},
		}
	}
	return map[string]any{
		"asyncapi": "3.0.0",
		"info": map[string]any{
			"title":   "Busbar",
			"version": "1",
			"description": "What happens in Debian's services, as signed and numbered messages that programs of fedmsg understand. " +
				"A message has two ZeroMQ frames: the topic, and this payload; docs/reference/message.md has it exactly.",
			"license": map[string]any{"name": "MIT"},
		},
		"defaultContentType": "application/json",
		"servers": map[string]any{"publisher": map[string]any{
			"host": "{host}:{port}", "protocol": "zeromq", "protocolVersion": "3.0",
			"description": "A publisher (ZeroMQ PUB). Subscriptions are prefixes of the topic.",
			"variables": map[string]any{
				"host": map[string]any{"default": "localhost", "description": "of the publisher: [bus] publish of its configuration, or a discovery list"},
				"port": map[string]any{"default": "9940", "description": "as there"},
			},
		}},
		"channels":   channels,
		"operations": operations,
		"components": map[string]any{
			"messages": messages,
			"schemas":  schemas,
			"parameters": map[string]any{
				"prefix":      map[string]any{"default": "org.debian", "description": "[bus] prefix of the publisher's configuration"},
				"environment": map[string]any{"default": "production", "description": "[bus] environment: dev, stg or production"},
			},
		},
	}
}

// ref points to another part of the document (RFC 6901).
func ref(path ...string) map[string]any {
	return map[string]any{"$ref": "#/" + strings.Join(path, "/")}
}

// A field is a member of a message beside its body.
type field struct {
	name, kind, doc string
	always          bool
}

// fields are those of docs/reference/message.md.
func fields() []field {
	return []field{
		{"topic", "string", "prefix, environment, and the kind", true},
		{"msg_id", "string", "YEAR-UUID: the fact's identity; compare the UUID alone", true},
		{"timestamp", "integer", "when the publisher took the fact: seconds since 1970, UTC", true},
		{"i", "integer", "fedmsg's counter; the same as seq_id", true},
		{"username", "string", "the program that publishes", true},
		{"publisher", "string", "who counts: one instance of an adapter", true},
		{"epoch", "string", "which of its sequences", true},
		{"seq_id", "integer", "the number in that sequence, from 1, without gaps", false},
		{"prev", "string", "SHA-256 (hex) of the message with the number before this one", false},
		{"title", "string", "the fact in one English sentence", false},
		{"link", "string", "where a person may read more", false},
		{"origin", "string", "where the item was read, for people", false},
		{"event_time", "string", "when the fact happened, by its source: RFC 3339, UTC", false},
		{"recovered", "boolean", "the fact was found later", false},
		{"replaces", "string", "the msg_id of a message that said this fact in other words, with less evidence", false},
		{"crypto", "string", "how it is signed: x509, or gpg", false},
		{"signature_ed25519", "string", "Ed25519, base64", false},
		{"signature_sha256", "string", "RSA with SHA-256, base64", false},
		{"signature_gpg", "string", "OpenPGP, of the whole message, base64", false},
		{"signature", "string", "fedmsg's signature, base64", false},
		{"certificate", "string", "the publisher's certificate, PEM", false},
	}
}

// envelope is the schema of a whole message with this body.
func envelope(topic string) map[string]any {
	properties := map[string]any{
		"msg": ref("components", "schemas", topic),
		"evidence": map[string]any{"type": "array", "description": "reasons to believe it", "items": map[string]any{
			"type":       "object",
			"required":   []string{"type", "verdict", "detail"},
			"properties": map[string]any{"type": text("the check"), "verdict": text("pass, fail or none"), "detail": text("what was seen")},
		}},
	}
	required := []string{"msg"}
	for _, f := range fields() {
		properties[f.name] = map[string]any{"type": f.kind, "description": f.doc}
		if f.always {
			required = append(required, f.name)
		}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}

func text(doc string) map[string]any { return map[string]any{"type": "string", "description": doc} }
