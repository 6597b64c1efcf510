import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { plainInputs } from "../../plugin/inputs.ts";
import type { Schema } from "../../plugin/schema.ts";

const token = "kubelet-trust:index:Thing";
const text = { type: "string", plain: true };

/** A schema with one of each kind. */
const schema: Schema = {
  resources: {
    [token]: {
      inputProperties: {
        name: text,
        hours: { type: "integer", plain: true },
        on: { type: "boolean", plain: true },
        mode: { $ref: "#/types/Mode", plain: true },
        authority: { $ref: "#/types/Authority", plain: true },
        addresses: {
          type: "array",
          items: { oneOf: [text, { $ref: "#/types/Address", plain: true }], plain: true },
          plain: true,
        },
        configuration: {
          type: "object",
          additionalProperties: { $ref: "pulumi.json#/Any" },
          plain: true,
        },
        words: { type: "object", additionalProperties: text, plain: true },
      },
      requiredInputs: ["name"],
    },
  },
  types: {
    Mode: { enum: [{ value: "one" }, { value: "other" }] },
    Address: { properties: { type: text, address: text }, required: ["type", "address"] },
    Authority: {
      properties: { certPem: { type: "string" }, privateKeyPem: { type: "string" } },
      required: ["certPem"],
    },
  },
};

const read = (inputs: Record<string, unknown>) =>
  plainInputs({ name: "n", ...inputs }, token, schema);

/** An output that nothing is known of yet, as the engine hands it over at preview. */
function unknown(): pulumi.Output<unknown> {
  const Output = pulumi.Output as unknown as new (
    ...parts: [unknown[], ...Promise<unknown>[]]
  ) => pulumi.Output<unknown>;
  const no = Promise.resolve(false);
  return new Output([], Promise.resolve(undefined), no, no, Promise.resolve([]));
}

const sdk = pulumi.runtime;

function keyOf(inputs: Record<string, unknown>): pulumi.Output<string> {
  return (inputs.authority as { privateKeyPem: pulumi.Output<string> }).privateKeyPem;
}

async function problemsOf(inputs: Record<string, unknown>): Promise<string[]> {
  try {
    await read(inputs);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error));
    return (error as Error).message.split("\n\n");
  }
  return [];
}

describe("inputs of programs in other languages", () => {
  it("are plain where they have to be, though they come as outputs", async () => {
    assert.deepEqual(
      await read({
        hours: pulumi.output(24),
        mode: pulumi.output("one"),
        addresses: pulumi.output(["10.0.0.1", { type: "InternalDNS", address: "n.example" }]),
        configuration: { maxPods: pulumi.output(50), nested: [{ a: pulumi.output([1]) }] },
        words: { a: "b" },
        on: false,
      }),
      {
        ...{ name: "n", hours: 24, mode: "one", on: false },
        addresses: ["10.0.0.1", { type: "InternalDNS", address: "n.example" }],
        configuration: { maxPods: 50, nested: [{ a: [1] }] },
        words: { a: "b" },
      },
    );
  });

  it("stay outputs, and secrets, where they may", async () => {
    const key = pulumi.secret("a key");
    const inner = await read({ authority: { certPem: unknown(), privateKeyPem: key } });
    assert.equal(await pulumi.isSecret(keyOf(inner)), true);
    // A secret somewhere makes the whole object one on its way through some languages.
    const whole = await read({ authority: pulumi.secret({ certPem: "c", privateKeyPem: "k" }) });
    assert.equal(await pulumi.isSecret(keyOf(whole)), true);
    // The SDK leaves its mark where one secret is inside of another, or of an output.
    const marked = { [sdk.specialSigKey]: sdk.specialSecretSig, value: "k" };
    for (const authority of [
      pulumi.secret({ certPem: "c", privateKeyPem: marked }),
      { certPem: "c", privateKeyPem: pulumi.output(marked) },
    ]) {
      const given = keyOf(await read({ authority }));
      assert.equal(await pulumi.isSecret(given), true);
      assert.equal(await new Promise((resolve) => given.apply(resolve)), "k");
    }
  });

  it("may not be secrets where they are written in plain", async () => {
    for (const inputs of [
      { words: pulumi.secret({ a: "hush" }) },
      { configuration: { a: pulumi.secret("hush") } },
      { addresses: [pulumi.secret("hush")] },
    ]) {
      const [problem = "", ...others] = await problemsOf(inputs);
      assert.match(problem, /^[a-z.0[\]]+: this is a secret, and would be written in plain\. /);
      assert.doesNotMatch(problem, /hush/);
      assert.deepEqual(others, []);
    }
  });

  it("may not be unknown where a cluster is planned with them", async () => {
    const problems = await problemsOf({ words: { a: unknown() }, hours: unknown() });
    const why =
      "this is not known yet, and a cluster is planned before anything is deployed. Give the value itself, or deploy what it comes from first.";
    assert.deepEqual(problems, [`words.a: ${why}`, `hours: ${why}`]);
  });

  it("are refused by field, value and remedy", async () => {
    assert.deepEqual(
      await problemsOf({
        name: undefined,
        hourz: 3,
        hours: 1.5,
        on: "yes",
        mode: "third",
        authority: { privateKeyPem: 7 },
        addresses: [4, { type: "InternalIP" }],
      }),
      [
        "name: this is missing. Give it.",
        "hourz: there is no such field. Did you mean hours?",
        "hours: 1.5 is not a whole number. Give a whole number.",
        'on: "yes" is not true or false. Give true or false.',
        'mode: "third" is not one or other. Give one or other.',
        "authority.certPem: this is missing. Give it.",
        "authority.privateKeyPem: this is not a text. Give a text.",
        "addresses[0]: 4 is not a text or an object with type, address. Give a text or an object with type, address.",
        "addresses[1].address: this is missing. Give it.",
      ],
    );
  });
});
