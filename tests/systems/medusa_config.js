// Of the Medusa that tests run (scripts/medusa): without its pages, on the database that is named.
"use strict";
const { defineConfig } = require("@medusajs/framework/utils");
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { connection: { ssl: false } },
    http: { jwtSecret: "for tests", cookieSecret: "for tests", storeCors: "", adminCors: "", authCors: "" },
  },
});
