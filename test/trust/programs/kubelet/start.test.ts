import assert from "node:assert/strict";
import { apiServer, kubelet, message } from "../../world.ts";

const failed = (error: string) => `run.go:72] "command failed" err="${error}"`;

describe("what stops a kubelet", () => {
  it("differs by version: --pod-infra-container-image went with 1.35", () => {
    const flag = "--pod-infra-container-image=pause";
    assert.equal(message(kubelet(flag, { configuration: "", version: "1.34.4" })), "");
    for (const version of ["1.35.4", "v1.36.3", "1.37.2"]) {
      assert.equal(
        message(kubelet(flag, { configuration: "", version })),
        failed("failed to parse kubelet flag: unknown flag: --pod-infra-container-image"),
      );
    }
  });

  it("differs by version: KubeletFineGrainedAuthz is locked since 1.36", () => {
    const flag = "--feature-gates=KubeletFineGrainedAuthz=false";
    assert.equal(message(kubelet(flag, { configuration: "", version: "1.35.4" })), "");
    assert.match(
      message(kubelet(flag, { configuration: "", version: "1.36.3" })),
      /cannot set feature gate KubeletFineGrainedAuthz to false, feature is locked to true/,
    );
  });

  it("panics on an unknown gate in the file, and complains of one in the flags", () => {
    assert.match(
      message(kubelet("", { configuration: "featureGates: {NoSuch: true}\n" })),
      /^panic: failed to merge global .* unrecognized feature gate: NoSuch$/,
    );
    assert.equal(
      message(kubelet("--feature-gates=NoSuch=true", { configuration: "" })),
      failed(
        "failed to set feature gates from initial flags-based config: unrecognized feature gate: NoSuch",
      ),
    );
  });

  it("names the struct, the path and the type of a wrong value", () => {
    const wrong = (configuration: string) => message(kubelet("", { configuration }));
    assert.match(
      wrong("authentication: {anonymous: false}\n"),
      /json: cannot unmarshal bool into Go struct field KubeletAuthentication\.authentication\.anonymous of type v1beta1\.KubeletAnonymousAuthentication/,
    );
    assert.match(
      wrong("maxPods: 1.5\n"),
      /cannot unmarshal number 1\.5 into Go struct field KubeletConfiguration\.maxPods of type int32/,
    );
    assert.equal(wrong("servertlsbootstrap: true\nnoSuchField: [1]\n"), "");
  });

  it("takes a placeholder for no wrong value", () => {
    assert.equal(
      message(kubelet("", { configuration: "port: {{ .Port }}\nmaxPods: $(PODS)\n" })),
      "",
    );
  });

  it("lists all complaints about a configuration, in the kubelet's order", () => {
    assert.match(
      message(kubelet("--max-pods=-1", { configuration: "hairpinMode: x\nport: 70000\n" })),
      /error: \[invalid configuration: maxPods \(--max-pods\) -1 must not be a negative number, invalid configuration: port .*, invalid configuration: option \\"x\\" specified for hairpinMode/,
    );
  });

  it("lets flags beat the file, and the last of a repeated flag win", () => {
    const { serving } = kubelet("--tls-cert-file=/a --tls_cert_file=/b", {
      configuration: "tlsCertFile: /file\n",
    });
    assert.equal(serving.tlsCertFile.known && serving.tlsCertFile.value, "/b");
  });

  it("defaults differently with and without --config", () => {
    const authentication = (facts: ReturnType<typeof kubelet>) => {
      const { anonymous, webhook, authorizationMode, readOnlyPort } = facts.authentication;
      return [anonymous, webhook, authorizationMode, readOnlyPort].map(
        (fact) => fact.known && fact.value,
      );
    };
    assert.deepEqual(authentication(kubelet("", { configuration: "" })), [
      false,
      true,
      "Webhook",
      0,
    ]);
    assert.deepEqual(authentication(kubelet("")), [true, false, "AlwaysAllow", 10255]);
  });

  it("resolves paths of the file against the file's folder", () => {
    const facts = kubelet("--config=/etc/kubelet/config.yaml", {
      texts: {
        "/etc/kubelet/config.yaml":
          "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: ca.crt}}\n",
      },
    });
    const { clientCAFile } = facts.authentication;
    assert.equal(clientCAFile.known && clientCAFile.value, "/etc/kubelet/ca.crt");
  });

  it("does not know what unknown words or an unknown file would set", () => {
    const open = kubelet("--tls-cert-file=/a $EXTRA", { configuration: "" }).serving.tlsCertFile;
    assert.equal(open.known, false);
    const after = kubelet("$EXTRA --tls-cert-file=/a", { configuration: "" }).serving.tlsCertFile;
    assert.equal(after.known && after.value, "/a");
    const unread = kubelet("--config=/elsewhere").authentication.clientCAFile;
    assert.equal(
      !unread.known && unread.missing,
      "the content of /elsewhere, which --config names",
    );
  });
});

describe("what stops a kube-apiserver", () => {
  it("prints plain text for flags and words, and logs the rest", () => {
    assert.equal(
      message(apiServer("--kubelet-https=true")),
      "Error: unknown flag: --kubelet-https",
    );
    assert.equal(
      message(apiServer("extra")),
      'Error: "kube-apiserver" does not take any arguments, got ["extra"]',
    );
    assert.equal(
      message(apiServer("--feature-gates=NoSuch=true")),
      failed("unrecognized feature gate: NoSuch"),
    );
  });

  it("reads the kubelet CA, the certificate and the key, and parses the CA", () => {
    const texts = { "/garbage": "garbage\n", "/dir": { kind: "directory" } as const, "/empty": "" };
    const ca = (path: string) =>
      message(apiServer(`--kubelet-certificate-authority=${path}`, { texts }));
    assert.match(
      ca("/garbage"),
      /unable to load root certificates: unable to parse bytes as PEM block/,
    );
    assert.match(ca("/dir"), /read \/dir: is a directory/);
    assert.equal(ca("/empty"), "");
    assert.equal(ca("/unknown"), "");
  });
});
