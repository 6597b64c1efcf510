import assert from "node:assert/strict";
import { isRestart } from "../../lab/rotation/load.ts";

describe("a rotation's load", () => {
  it("asks again where a program is being started", () => {
    for (const outcome of [
      "connect ECONNREFUSED 10.240.0.10:6443",
      "socket hang up",
      "aborted",
      '500 {"message":"Get \\"https://10.240.1.1:10250/containerLogs\\": dial tcp 10.240.1.1:10250: connect: connection refused"}',
      '500 {"message":"error dialing backend: read tcp 10.240.0.10:1->10.240.1.1:10250: use of closed network connection"}',
      '404 {"message":"the server could not find the requested resource ( pods/log hello)"}',
      '500 {"message":"etcdserver: leader changed"}',
      '500 {"message":"remote error: tls: internal error"}',
    ]) {
      assert.ok(isRestart(outcome), outcome);
    }
  });

  it("counts what speaks of trust as failed", () => {
    for (const outcome of [
      '500 {"message":"tls: failed to verify certificate: x509: certificate signed by unknown authority"}',
      '401 {"message":"Unauthorized"}',
      '500 {"message":"the server has asked for the client to provide credentials ( pods/log hello)"}',
      '403 {"message":"Forbidden (user=kube-apiserver-kubelet-client)"}',
      "self-signed certificate in certificate chain",
      "change 7 was not reported by the watch",
      "200 hello from somebody else",
      '404 {"message":"nodes not found"}',
    ]) {
      assert.ok(!isRestart(outcome), outcome);
    }
  });
});
