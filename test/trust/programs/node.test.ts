import assert from "node:assert/strict";
import { addressesOf } from "../../../trust/programs/node.ts";
import { type Fact, known, unknown } from "../../../trust/words/fact.ts";
import type { NodeAddress, NodeFacts } from "../../../trust/words/facts.ts";
import { kubelet } from "../world.ts";

const ip: NodeAddress = { type: "InternalIP", address: "10.0.0.7" };

function machine(
  addresses: Fact<readonly NodeAddress[]>,
  hostName: Fact<string> = known("CP-7.lan"),
): NodeFacts {
  return { hostName, name: hostName, addresses };
}

/** The addresses that the node of a kubelet with these flags reports, in one text. */
function reported(flags: string, node: NodeFacts): string {
  return addressesOf(kubelet(flags, { configuration: "", node }).node)
    .map(({ type, address }) => `${type}=${address}`)
    .join(" ");
}

describe("addresses of a node", () => {
  it("always have its name as Hostname, in lower case, whatever else is stated", () => {
    assert.equal(reported("", machine(known([ip]))), "InternalIP=10.0.0.7 Hostname=cp-7.lan");
    assert.equal(reported("", machine(known([]))), "Hostname=cp-7.lan");
    assert.equal(reported("", machine(unknown("it"))), "InternalIP=<node IP> Hostname=cp-7.lan");
  });

  it("have the name that --hostname-override gives, trimmed and in lower case", () => {
    for (const flag of ["--hostname-override=CP-7.Mesh", "--hostname_override '  cp-7.mesh '"]) {
      assert.match(reported(flag, machine(known([ip]))), /Hostname=cp-7\.mesh$/);
    }
    assert.match(reported("--hostname-override=", machine(known([ip]))), /Hostname=cp-7\.lan$/);
    const stated = known([ip, { type: "Hostname", address: "cp-7.lan" } as const]);
    assert.match(reported("--hostname-override=cp-7.mesh", machine(stated)), /=cp-7\.mesh$/);
  });

  it("have a Hostname under a cloud's controller too; the one that it states stays", () => {
    const external = "--cloud-provider=external --hostname-override=cp-7.mesh";
    assert.match(reported(external, machine(known([ip]))), /Hostname=cp-7\.mesh$/);
    const stated = known([ip, { type: "Hostname", address: "i-7.cloud" } as const]);
    assert.equal(reported(external, machine(stated)), "InternalIP=10.0.0.7 Hostname=i-7.cloud");
  });

  it("have an unknown Hostname where the name is unknown", () => {
    assert.match(
      reported("", machine(known([ip]), unknown("the host name"))),
      /^InternalIP=10\.0\.0\.7 Hostname=<node name>$/,
    );
    assert.match(reported("--hostname-override=$NAME", machine(known([ip]))), /=<node name>$/);
  });
});
