import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { chooseWorld, cliIn } from "../../toolchain/world.mjs";
import { folderForEach } from "../support/folders.ts";

describe("toolchain/world", function () {
  this.timeout(10_000);
  const home = folderForEach();

  /** Asks a vendor whose server is on the loopback interface. */
  async function choose(
    answer: http.RequestListener,
    { env = {}, built = false }: { env?: NodeJS.ProcessEnv; built?: boolean } = {},
  ) {
    let asked = 0;
    const server = http.createServer((request, response) => {
      asked++;
      answer(request, response);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    try {
      const facts = { env: { PULUMI_HOME: home, ...env }, built };
      const choice = await chooseWorld({ ...facts, server: `http://127.0.0.1:${port}/cli` });
      return { ...choice, asked };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it("takes the vendor's downloads where their server has them", async () => {
    const choice = await choose((request, response) => {
      assert.equal(request.method, "HEAD");
      response.end();
    });
    assert.deepEqual(choice, { world: "vendor", why: "127.0.0.1 can be reached", asked: 1 });
  });

  it("builds from source where the server answers that it has not", async () => {
    const choice = await choose((_, response) => response.writeHead(403).end());
    assert.equal(choice.world, "source");
    assert.equal(choice.why, "127.0.0.1 cannot be reached: it answers 403");
  });

  it("builds from source where the server says nothing for three seconds", async () => {
    const start = Date.now();
    const choice = await choose(() => {});
    assert.equal(choice.why, "127.0.0.1 cannot be reached: no answer in 3 s");
    assert.equal(choice.world, "source");
    assert.ok(Date.now() - start < 5000);
  });

  it("builds from source where nothing listens", async () => {
    const server = http.createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const choice = await chooseWorld({
      env: { PULUMI_HOME: home },
      built: false,
      server: `http://127.0.0.1:${port}/cli`,
    });
    assert.equal(choice.why, "127.0.0.1 cannot be reached: ECONNREFUSED");
  });

  it("does not ask the network where the vendor's CLI is installed", async () => {
    fs.mkdirSync(path.dirname(cliIn(home)), { recursive: true });
    fs.writeFileSync(cliIn(home), "");
    const choice = await choose((_, response) => response.end(), { built: true });
    assert.equal(choice.world, "vendor");
    assert.equal(choice.asked, 0);
  });

  it("does not ask the network where it has built the toolchain before", async () => {
    const choice = await choose((_, response) => response.end(), { built: true });
    assert.equal(choice.world, "source");
    assert.equal(choice.asked, 0);
  });

  it("does not take a toolchain that it has built for the vendor's", async () => {
    const own = path.join(home, "kubelet-trust", "pulumi-home-0");
    fs.mkdirSync(path.dirname(cliIn(own)), { recursive: true });
    fs.writeFileSync(cliIn(own), "");
    const choice = await choose((_, response) => response.end(), {
      env: { PULUMI_HOME: own, XDG_CACHE_HOME: home },
      built: true,
    });
    assert.equal(choice.world, "source");
  });

  for (const world of ["vendor", "source"] as const) {
    it(`takes ${world} without asking when KUBELET_TRUST_TOOLCHAIN says so`, async () => {
      const choice = await choose((_, response) => response.end(), {
        env: { KUBELET_TRUST_TOOLCHAIN: world },
      });
      assert.deepEqual(choice, { world, why: "KUBELET_TRUST_TOOLCHAIN says so", asked: 0 });
    });
  }

  it("refuses another KUBELET_TRUST_TOOLCHAIN, and says what it may be", async () => {
    await assert.rejects(
      choose((_, response) => response.end(), { env: { KUBELET_TRUST_TOOLCHAIN: "sauce" } }),
      /KUBELET_TRUST_TOOLCHAIN is "sauce": set it to "vendor" or "source"/,
    );
  });
});
