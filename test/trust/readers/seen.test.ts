import assert from "node:assert/strict";
import { seenCall } from "../../../trust/readers/seen.ts";
import { origin } from "../../support/pieces.ts";

function read(status: number, text: string) {
  const call = seenCall(origin("configz of worker-0"), "worker-0", { status, text });
  return "piece" in call ? call.piece.called : call.refusal;
}

const ofApiServer = (message: string) => JSON.stringify({ kind: "Status", message });

describe("a call that kube-apiserver passes on", () => {
  it("was answered by the kubelet, whatever it answered", () => {
    assert.deepEqual(read(200, '{"kubeletconfig":{}}'), { status: 200 });
    assert.deepEqual(read(401, "Unauthorized"), { status: 401, body: "Unauthorized" });
    const forbidden = "Forbidden (user=x, verb=get, resource=nodes, subresource(s)=[proxy])";
    assert.deepEqual(read(403, `${forbidden}\n`), { status: 403, body: forbidden });
  });

  it("reached nothing, in the words of kube-apiserver", () => {
    const error =
      "tls: failed to verify certificate: x509: certificate signed by unknown authority";
    assert.deepEqual(read(503, ofApiServer(`error trying to reach service: ${error}`)), { error });
    const none = "no preferred addresses found; known addresses: []";
    assert.deepEqual(read(400, ofApiServer(none)), { error: none });
    const lookup = "lookup worker-0 on 10.0.0.10:53: no such host";
    assert.deepEqual(read(400, ofApiServer(lookup)), { error: `dial tcp: ${lookup}` });
  });

  it("says nothing of the kubelet where kube-apiserver itself refuses", () => {
    const text = 'nodes "worker-0" is forbidden: User "x" cannot get resource "nodes/proxy"';
    assert.equal(read(403, ofApiServer(text)), `403, ${text}`);
  });
});
