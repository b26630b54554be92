// A real Vendure 3 for tests, run by Node with the packages of requirements/vendure (scripts/vendure):
//   node vendure_shop.js seed FOLDER   a new database with a shop of the articles that stdin lists as JSON
//   node vendure_shop.js serve FOLDER PORT
// On the loopback alone. Nothing of what is tested has a part in it.
"use strict";
process.env.VENDURE_DISABLE_TELEMETRY = "true";
const fs = require("node:fs");
const path = require("node:path");
const { createHash } = require("node:crypto");
const { bootstrap, DefaultLogger, LogLevel, RandomBytesApiKeyStrategy } = require("@vendure/core");
const Database = require("better-sqlite3");

const [WORD, FOLDER, PORT] = process.argv.slice(2);
const SHOP = path.join(FOLDER, "shop.sqlite");
const OWNER = { identifier: "owner", password: "owner" };
const CUSTOMERS = ["orders@halles.example", "counter@shop.example"];
const NEEDED = ["ReadProduct", "ReadStockLocation", "ReadSettings", "ReadShippingMethod", "ReadCustomer", "ReadOrder"];
const FOR_ORDERS = ["CreateOrder", "UpdateOrder"];
const STAMPED = ["product", "product_variant", "product_translation", "product_variant_translation", "product_variant_price"];

// By default a key is checked by bcrypt, 0.4 s of each call: tests make a thousand.
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const hashingStrategy = { hash: async (key) => sha256(key), check: async (key, hash) => sha256(key) === hash };

const config = (port, isNew) => ({
  apiOptions: { hostname: "127.0.0.1", port, adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    superadminCredentials: OWNER,
    adminApiKeyStrategy: new RandomBytesApiKeyStrategy({ hashingStrategy }),
  },
  dbConnectionOptions: { type: "better-sqlite3", database: SHOP, synchronize: isNew },
  customFields: { ProductVariant: [{ name: "isbn", type: "string" }] },
  logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: false }),
});

async function caller(address) {
  let token = "";
  const ask = async (query, variables = {}) => {
    const headers = { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    token = answer.headers.get("vendure-auth-token") || token;
    const { data, errors } = await answer.json();
    if (errors) throw new Error(JSON.stringify(errors));
    const refused = Object.values(data).find((each) => each && each.errorCode);
    if (refused) throw new Error(JSON.stringify(refused));
    return data;
  };
  await ask("mutation ($u: String!, $p: String!) { login(username: $u, password: $p) { __typename } }", {
    u: OWNER.identifier,
    p: OWNER.password,
  });
  return ask;
}

const text = (name, more = {}) => [{ languageCode: "en", name, ...more }];

async function settings(ask) {
  const country = await ask(
    "mutation ($i: CreateCountryInput!) { createCountry(input: $i) { id } }",
    { i: { code: "CA", enabled: true, translations: text("Canada") } },
  );
  const zone = (await ask("mutation ($i: CreateZoneInput!) { createZone(input: $i) { id } }", {
    i: { name: "Canada", memberIds: [country.createCountry.id] },
  })).createZone.id;
  const category = (await ask("mutation ($i: CreateTaxCategoryInput!) { createTaxCategory(input: $i) { id } }", {
    i: { name: "Books", isDefault: true },
  })).createTaxCategory.id;
  await ask("mutation ($i: CreateTaxRateInput!) { createTaxRate(input: $i) { id } }", {
    i: { name: "GST", enabled: true, value: 5, categoryId: category, zoneId: zone },
  });
  const money = { defaultCurrencyCode: "CAD", availableCurrencyCodes: ["CAD"], pricesIncludeTax: false };
  await ask("mutation ($i: UpdateChannelInput!) { updateChannel(input: $i) { ... on ErrorResult { errorCode message } } }", {
    i: { id: "1", ...money, defaultTaxZoneId: zone, defaultShippingZoneId: zone },
  });
  const argument = (name, value) => ({ name, value });
  await ask("mutation ($i: CreateShippingMethodInput!) { createShippingMethod(input: $i) { id } }", {
    i: {
      code: "halles",
      fulfillmentHandler: "manual-fulfillment",
      checker: { code: "default-shipping-eligibility-checker", arguments: [argument("orderMinimum", "0")] },
      calculator: {
        code: "default-shipping-calculator",
        arguments: [argument("rate", "0"), argument("includesTax", "auto"), argument("taxRate", "0")],
      },
      translations: text("Halles", { description: "" }),
    },
  });
  return category;
}

async function articles(ask, category, known) {
  const product = "mutation ($i: CreateProductInput!) { createProduct(input: $i) { id } }";
  const variants = "mutation ($i: [CreateProductVariantInput!]!) { createProductVariants(input: $i) { id } }";
  for (const each of known) {
    const made = await ask(product, {
      i: { enabled: true, translations: text(each.title, { slug: each.sku.toLowerCase(), description: "" }) },
    });
    const stock = { stockOnHand: each.quantity, trackInventory: "TRUE", outOfStockThreshold: 0 };
    await ask(variants, {
      i: [
        {
          ...{ productId: made.createProduct.id, sku: each.sku, price: each.price, taxCategoryId: category },
          ...{ translations: text(each.title), customFields: { isbn: each.gtin }, ...stock },
        },
      ],
    });
  }
}

async function people(ask) {
  for (const emailAddress of CUSTOMERS) {
    const i = { firstName: "Halles", lastName: "Halles", emailAddress };
    const made = await ask(
      "mutation ($i: CreateCustomerInput!) { createCustomer(input: $i) { ... on Customer { id } ... on ErrorResult { errorCode message } } }",
      { i },
    );
    const at = { fullName: "Halles", streetLine1: "1 rue X", city: "Montréal", postalCode: "H2X 1Y1", countryCode: "CA" };
    await ask("mutation ($c: ID!, $i: CreateAddressInput!) { createCustomerAddress(customerId: $c, input: $i) { id } }", {
      c: made.createCustomer.id,
      i: { ...at, defaultShippingAddress: true },
    });
  }
  const role = await ask("mutation ($i: CreateRoleInput!) { createRole(input: $i) { id } }", {
    i: { code: "halles", description: "Halles", permissions: [...NEEDED, ...FOR_ORDERS] },
  });
  const key = await ask("mutation ($i: CreateApiKeyInput!) { createApiKey(input: $i) { apiKey } }", {
    i: { roleIds: [role.createRole.id], translations: text("Halles") },
  });
  return key.createApiKey.apiKey;
}

// Otherwise all is still news for the next minutes, and a reading of changes would find what it must not.
function madeLongAgo() {
  const database = new Database(SHOP);
  for (const table of STAMPED) {
    database.exec(`UPDATE ${table} SET createdAt = '2026-01-01 00:00:00.000', updatedAt = '2026-01-01 00:00:00.000'`);
  }
  database.pragma("wal_checkpoint(TRUNCATE)");
  database.close();
}

async function seed() {
  const known = JSON.parse(fs.readFileSync(0, "utf8"));
  const app = await bootstrap(config(0, true));
  const ask = await caller(`http://127.0.0.1:${app.getHttpServer().address().port}/admin-api`);
  await articles(ask, await settings(ask), known);
  const key = await people(ask);
  await app.close();
  madeLongAgo();
  fs.writeFileSync(path.join(FOLDER, "key"), key);
  process.exit(0);
}

(WORD === "seed" ? seed() : bootstrap(config(Number(PORT), false))).catch((error) => {
  console.error(error);
  process.exit(1);
});
