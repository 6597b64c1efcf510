import assert from "node:assert/strict";
import { Cluster } from "../../components/index.ts";
import { specs } from "../../policies/policies.ts";
import { judgeBy } from "../../policies/policy.ts";
import { analyseStack } from "../../policies/stack/analysis.ts";
import { type Resource, readStack } from "../../policies/stack/resource.ts";
import { recordPreview } from "../support/recorded.ts";
import { resource } from "./fake.ts";

/** How often something of a resource may be looked at, by all policies together. Of these machines it is 53 times. */
const most = 150;

describe("policies, on a stack of many machines", () => {
  it("look at no resource the more often, the more there are", async () => {
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
    const stack = readStack([...made, resource("pulumi:pulumi:Stack", "test", {})]);
    assert.ok(stack.resources.length > 4 * most);
    let looks = 0;
    const counted = (one: Resource): Resource =>
      new Proxy(one, {
        get: (target, key) => {
          looks++;
          return Reflect.get(target, key);
        },
      });
    const analysis = analyseStack({ ...stack, resources: stack.resources.map(counted) }, {});
    for (const spec of specs) judgeBy(spec, analysis, {}, new Date(), () => {});
    const each = looks / stack.resources.length;
    assert.ok(each < most, `${each.toFixed(0)} times each`);
  });
});
