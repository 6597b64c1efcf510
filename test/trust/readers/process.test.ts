import assert from "node:assert/strict";
import { say } from "../../support/pieces.ts";

describe("/proc/PID/cmdline", () => {
  it("has a NUL after each word", () => {
    assert.deepEqual(say({ cmdline: "/usr/bin/kubelet\0--a=b c\0--d\0" }), ["kubelet --a=b c --d"]);
    assert.deepEqual(say({ cmdline: Buffer.from("kube-apiserver\0--a\0\n") }), [
      "kube-apiserver --a",
    ]);
  });
});

describe("a flag file", () => {
  const flags = '# a comment\n--config=/x\n--node-labels "a=b,c=d"\n\n--anonymous-auth=true\n';

  it("is told by its name, else by flags that one program alone has", () => {
    const kubelet = ["kubelet --config=/x --node-labels a=b,c=d --anonymous-auth=true"];
    assert.deepEqual(say({ kubelet: flags }), kubelet);
    assert.deepEqual(say({ "args.txt": flags }), kubelet);
    assert.deepEqual(
      say({ "args.txt": "--etcd-servers=x\n--kubelet-certificate-authority=/y\n" }),
      ["kube-apiserver --etcd-servers=x --kubelet-certificate-authority=/y"],
    );
  });

  it("is undecidable where nothing tells the program", () => {
    assert.deepEqual(say({ "args.txt": "--kube-api-qps=5\n--v=2\n" }), [
      "undecidable: the program that the flags of args.txt are for",
    ]);
  });
});
