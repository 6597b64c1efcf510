import assert from "node:assert/strict";
import { createRequire } from "node:module";
import type { PolicyResource } from "@pulumi/policy";
import { Cluster } from "../../components/index.ts";
import { specs } from "../../policies/policies.ts";
import { judgeBy } from "../../policies/policy.ts";
import { keepSecretMarks } from "../../policies/sdk.ts";
import { analyseStack } from "../../policies/stack/analysis.ts";
import { type Resource, readStack, type Stack } from "../../policies/stack/resource.ts";
import { recordPreview } from "../support/recorded.ts";
import { resource } from "./fake.ts";

/** How often something of a resource may be looked at, by all policies together. Of these machines it is 53 times. */
const most = 150;

/** How many of the values that the engine sent may be looked at again for a resource. Of these machines it is 11. */
const mostSent = 30;

describe("policies, on a stack of many machines", () => {
  it("look at no resource the more often, the more there are", async () => {
    const stack = readStack(await manyMachines());
    let looks = 0;
    const counted = (one: Resource): Resource =>
      new Proxy(one, {
        get: (target, key) => {
          looks++;
          return Reflect.get(target, key);
        },
      });
    judgeAll({ ...stack, resources: stack.resources.map(counted) });
    assert.ok(stack.resources.length > 4 * most);
    const each = looks / stack.resources.length;
    assert.ok(each < most, `${each.toFixed(0)} times each`);
  });

  it("do not make again what the engine sent, to ask whether a value of it is secret", async () => {
    keepSecretMarks();
    const stack = readStack((await manyMachines()).map(asSent));
    const each = countSent(() => judgeAll(stack)) / stack.resources.length;
    assert.ok(each < mostSent, `${each.toFixed(1)} values of each`);
  });
});

function judgeAll(stack: Stack): void {
  const analysis = analyseStack(stack, {});
  for (const spec of specs) judgeBy(spec, analysis, {}, new Date(), () => {});
}

async function manyMachines(): Promise<PolicyResource[]> {
  const nodes = Array.from({ length: 100 }, (_, index) => ({
    name: `w-${index}`,
    addresses: [`10.0.1.${index}`],
  }));
  const made = await recordPreview(() => {
    new Cluster("c", {
      controlPlanes: [{ name: "cp-0", addresses: ["10.0.0.1"] }],
      nodePools: [{ name: "workers", nodes }],
    });
  });
  return [...made, resource("pulumi:pulumi:Stack", "test", {})];
}

const require = createRequire(import.meta.url);

/** The SDK's function that the policies have wrapped. */
const sdk = require("@pulumi/policy/deserialize.js") as {
  deserializeProperties(struct: object, proxySecrets: boolean): Record<string, unknown>;
};

/** The engine's form of values, in the library that the SDK reads it with. */
const { Struct, Value } = createRequire(require.resolve("@pulumi/pulumi"))(
  "google-protobuf/google/protobuf/struct_pb.js",
) as {
  Struct: { fromJavaScript(value: object): object; prototype: { getFieldsMap(): object } };
  Value: { prototype: { toJavaScript(): unknown } };
};

/** With properties that came through the engine's form, as at a user's preview. */
function asSent(one: PolicyResource): PolicyResource {
  const struct = Struct.fromJavaScript(JSON.parse(JSON.stringify(one.props)));
  return { ...one, props: sdk.deserializeProperties(struct, false) };
}

/** How many values and objects of the engine's form were looked at. */
function countSent(judge: () => void): number {
  const { getFieldsMap } = Struct.prototype;
  const { toJavaScript } = Value.prototype;
  let sent = 0;
  Struct.prototype.getFieldsMap = function () {
    sent++;
    return getFieldsMap.call(this);
  };
  Value.prototype.toJavaScript = function () {
    sent++;
    return toJavaScript.call(this);
  };
  try {
    judge();
  } finally {
    Struct.prototype.getFieldsMap = getFieldsMap;
    Value.prototype.toJavaScript = toJavaScript;
  }
  return sent;
}
