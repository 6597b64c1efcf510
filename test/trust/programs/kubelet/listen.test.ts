import assert from "node:assert/strict";
import { known, unknown } from "../../../../trust/words/fact.ts";
import { kubelet, message, node } from "../../world.ts";

/** What a kubelet of a node with the address 10.0.0.11 says as it begins to listen. */
const listening = (configuration: string, flags = "") => message(kubelet(flags, { configuration }));
const complaint = (line: number, error: string) =>
  `server.go:${line}] "Failed to listen and serve" err="listen tcp ${error}"`;

describe("what a kubelet listens at", () => {
  it("is an address of its machine, or it does not start", () => {
    const refused = "bind: cannot assign requested address";
    assert.equal(listening("address: 10.0.0.99\n"), complaint(212, `10.0.0.99:10250: ${refused}`));
    assert.equal(
      listening("address: fd00::9\nport: 10255\n"),
      complaint(212, `[fd00::9]:10255: ${refused}`),
    );
    assert.equal(
      listening("", "--address=10.0.0.99"),
      complaint(212, `10.0.0.99:10250: ${refused}`),
    );
    assert.equal(
      listening('address: "::ffff:10.0.0.99"\n'),
      complaint(212, `10.0.0.99:10250: ${refused}`),
    );
    for (const address of ["10.0.0.11", "::ffff:10.0.0.11", "010.0.0.11", "0.0.0.0", "::", "::1"]) {
      assert.equal(listening(`address: "${address}"\n`), "", address);
      assert.equal(listening("", `--address=${address}`), "", address);
    }
  });

  it("is a text that is an address", () => {
    for (const address of ["node-1", "10.0.0.11:10250", "fe80::1%eth0"]) {
      assert.match(listening(`address: "${address}"\n`), /listen tcp: lookup <nil>: no such host/);
    }
  });

  it("is a port for each of its servers", () => {
    const taken = "bind: address already in use";
    assert.equal(listening("readOnlyPort: 10250\n"), complaint(212, `0.0.0.0:10250: ${taken}`));
    assert.equal(
      listening('address: "::"\nport: 10255\nreadOnlyPort: 10255\n'),
      complaint(212, `[::]:10255: ${taken}`),
    );
    assert.equal(listening("", "--port=10255 --read-only-port=10255").includes(taken), true);
    assert.equal(listening("readOnlyPort: 10255\n"), "");
    assert.equal(listening("readOnlyPort: 10250\nenableServer: false\n"), "");
  });

  it("counts the read-only server, which enableServer does not turn off", () => {
    const off = "enableServer: false\naddress: 10.0.0.99\n";
    assert.equal(listening(off), "");
    assert.equal(
      listening(`${off}readOnlyPort: 10255\n`),
      complaint(248, "10.0.0.99:10255: bind: cannot assign requested address"),
    );
  });

  it("is unknown to suit a machine whose addresses are unknown", () => {
    const start = (configuration: string) =>
      kubelet("", { configuration, node: { ...node, addresses: unknown("the addresses") } }).start;
    const open = start("address: 10.0.0.99\n");
    assert.match(open.known ? "" : open.missing, /^the node's addresses: .* 10\.0\.0\.99 alone/);
    for (const address of ["0.0.0.0", "::", "127.0.0.1", "::1"]) {
      assert.deepEqual(start(`address: "${address}"\n`), known({ starts: true }), address);
    }
    assert.equal(start("address: 10.0.0.99\nenableServer: false\n").known, true);
  });
});
