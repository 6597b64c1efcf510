import assert from "node:assert/strict";
import { parse } from "yaml";
import {
  CheckedConfiguration,
  kubeletConfiguration,
  kubeletConfigurationProblems,
  renderKubeletConfiguration,
} from "../../components/kubeadm/kubelet-configuration.ts";
import { servingModes } from "../../trust/words/vocabulary.ts";

const network = { clusterDns: "10.96.0.10", dnsDomain: "cluster.local" };

describe("kubeletConfiguration", () => {
  it("keeps strangers out in every mode", () => {
    for (const servingMode of servingModes) {
      const configuration = kubeletConfiguration({ servingMode, ...network });
      assert.deepEqual(configuration.authentication, {
        anonymous: { enabled: false },
        webhook: { enabled: true },
        x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" },
      });
      assert.deepEqual(configuration.authorization, { mode: "Webhook" });
      assert.equal(configuration.readOnlyPort, 0);
      assert.equal(configuration.rotateCertificates, true);
    }
  });

  it("sets the serving fields from the mode alone", () => {
    const serving = servingModes.map((servingMode) => {
      const { serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile } = kubeletConfiguration({
        servingMode,
        ...network,
      });
      return [servingMode, serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile];
    });
    assert.deepEqual(serving, [
      [
        "provisioned",
        false,
        "/var/lib/kubelet/pki/kubelet-serving.crt",
        "/var/lib/kubelet/pki/kubelet-serving.key",
      ],
      ["bootstrap", true, undefined, undefined],
      ["selfSigned", false, undefined, undefined],
    ]);
  });

  it("passes through whatever does not contradict, inside maps too", () => {
    const configuration = kubeletConfiguration({
      servingMode: "bootstrap",
      ...network,
      configuration: new CheckedConfiguration({
        maxPods: 50,
        cgroupDriver: "cgroupfs",
        authentication: { webhook: { cacheTTL: "10s" } },
      }),
    });
    assert.equal(configuration.maxPods, 50);
    assert.equal(configuration.cgroupDriver, "cgroupfs");
    assert.deepEqual(configuration.authentication?.webhook, { enabled: true, cacheTTL: "10s" });
    assert.equal(configuration.clusterDomain, "cluster.local");
  });

  it("renders a document of its kind", () => {
    const text = renderKubeletConfiguration(
      kubeletConfiguration({ servingMode: "provisioned", ...network }),
    );
    const document = parse(text);
    assert.equal(document.apiVersion, "kubelet.config.k8s.io/v1beta1");
    assert.equal(document.kind, "KubeletConfiguration");
    assert.equal(document.serverTLSBootstrap, false);
  });

  it("says which field contradicts the mode, with both values and a way out", () => {
    const cases: [Parameters<typeof kubeletConfigurationProblems>[0], object, RegExp][] = [
      [
        "provisioned",
        { serverTLSBootstrap: true },
        /serverTLSBootstrap: true contradicts serving mode provisioned, which sets false\..*servingMode/,
      ],
      [
        "bootstrap",
        { serverTLSBootstrap: false },
        /serverTLSBootstrap: false contradicts serving mode bootstrap, which sets true/,
      ],
      [
        "bootstrap",
        { tlsCertFile: "/a.crt" },
        /tlsCertFile: "\/a\.crt" contradicts serving mode bootstrap, which has no such file/,
      ],
      [
        "selfSigned",
        { tlsPrivateKeyFile: "/a.key" },
        /tlsPrivateKeyFile: "\/a\.key" contradicts serving mode selfSigned/,
      ],
      [
        "provisioned",
        { tlsCertFile: "/a.crt" },
        /tlsCertFile: "\/a\.crt" contradicts serving mode provisioned, which sets "\/var\/lib/,
      ],
      ["provisioned", { readOnlyPort: 10255 }, /readOnlyPort: 10255 contradicts .* sets 0/],
      [
        "provisioned",
        { authentication: { anonymous: { enabled: true } } },
        /authentication\.anonymous\.enabled: true contradicts/,
      ],
      [
        "provisioned",
        { authentication: { x509: { clientCAFile: "" } } },
        /authentication\.x509\.clientCAFile: "" contradicts/,
      ],
      [
        "provisioned",
        { authorization: { mode: "AlwaysAllow" } },
        /authorization\.mode: "AlwaysAllow" contradicts/,
      ],
      ["provisioned", { enableServer: false }, /enableServer: false contradicts/],
      [
        "bootstrap",
        { featureGates: { RotateKubeletServerCertificate: false } },
        /featureGates\.RotateKubeletServerCertificate: false contradicts/,
      ],
    ];
    for (const [mode, given, pattern] of cases) {
      const problems = kubeletConfigurationProblems(mode, { ...given }, "configuration", "1.37.2");
      assert.equal(problems.length, 1, JSON.stringify(given));
      assert.match(problems[0] ?? "", pattern);
      assert.match(problems[0] ?? "", /^configuration\..*Leave the field out/);
    }
  });

  it("refuses a value of a wrong type, which would keep the kubelet from starting", () => {
    const cases: [object, RegExp][] = [
      [{ maxPods: "110" }, /maxPods: "110" is not a whole number/],
      [{ maxPods: 1.5 }, /maxPods: 1\.5 is not a whole number/],
      [{ serverTLSBootstrap: "true" }, /serverTLSBootstrap: "true" is not true or false/],
      [{ syncFrequency: "soon" }, /syncFrequency: "soon" is not a duration/],
      [{ evictionHard: ["memory"] }, /evictionHard: .* is not a map of texts/],
      [{ clusterDNS: "10.96.0.10" }, /clusterDNS: .* is not a list of texts/],
      [{ authentication: true }, /authentication: true is not a map/],
      [
        { authentication: { webhook: { cacheTTL: 10 } } },
        /authentication\.webhook\.cacheTTL: 10 is not a duration/,
      ],
      [{ featureGates: { A: "yes" } }, /featureGates: .* is not a map of true or false/],
    ];
    for (const [given, pattern] of cases) {
      const problems = kubeletConfigurationProblems(
        "bootstrap",
        { ...given },
        "configuration",
        "1.37.2",
      );
      assert.equal(problems.length, 1, JSON.stringify(given));
      assert.match(problems[0] ?? "", pattern);
    }
  });

  it("refuses a name that the kubelet would ignore, at any depth, with the one that was meant", () => {
    for (const [given, path, remedy] of [
      [{ servertlsbootstrap: true }, "servertlsbootstrap", "Did you mean serverTLSBootstrap?"],
      [{ maxPod: 50 }, "maxPod", "Did you mean maxPods?"],
      [{ fromTheFuture: 1 }, "fromTheFuture", "Leave it out."],
      [{ authentication: { webhok: {} } }, "authentication.webhok", "Did you mean webhook?"],
      [
        { registerWithTaints: [{ key: "a", efect: "NoSchedule" }] },
        "registerWithTaints[0].efect",
        "Did you mean effect?",
      ],
    ] as const) {
      assert.deepEqual(kubeletConfigurationProblems("provisioned", given, "c", "1.37.2"), [
        `c.${path}: the kubelet knows no such field in this version and would ignore it. ${remedy}`,
      ]);
    }
    const named = { apiVersion: "kubelet.config.k8s.io/v1beta1", kind: "KubeletConfiguration" };
    assert.deepEqual(kubeletConfigurationProblems("provisioned", named, "c", "1.37.2"), []);
  });
});
