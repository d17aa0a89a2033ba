// A SCIM 2.0 service provider made of scimmy-routers. It reads users and groups
// from standard input, keeps them in memory, and prints where it listens.
import fs from "node:fs";
import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";

const world = JSON.parse(fs.readFileSync(0, "utf8"));

function store(list) {
    const rows = new Map(list.map((row) => [row.id, row]));
    return {
        ingress(resource, data) {
            const id = resource.id ?? String(rows.size + 1000);
            rows.set(id, { ...JSON.parse(JSON.stringify(data)), id });
            return rows.get(id);
        },
        egress(resource) {
            if (!resource.id) return [...rows.values()];
            if (!rows.has(resource.id)) throw new SCIMMY.Types.Error(404, null, `Resource ${resource.id} not found`);
            return rows.get(resource.id);
        },
        degress(resource) {
            rows.delete(resource.id);
        },
    };
}

for (const [kind, list] of [["User", world.users], ["Group", world.groups]]) {
    const { ingress, egress, degress } = store(list);
    SCIMMY.Resources.declare(SCIMMY.Resources[kind]).ingress(ingress).egress(egress).degress(degress);
}

const app = express();
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== "Bearer " + world.token) throw new Error("wrong token");
        return "rollcall";
    },
}));
const server = app.listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/scim/v2` }));
});
