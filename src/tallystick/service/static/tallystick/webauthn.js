// A security key's ceremony: the page's form holds what the server asks; the key's answer goes back in its hidden field.
// The form stays hidden where the browser cannot do it: an authenticator app is there for everybody.
const ceremonies = {
  create: async (asked) =>
    navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) }),
  get: async (asked) =>
    navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) }),
};

const able = typeof PublicKeyCredential === "function" && "parseCreationOptionsFromJSON" in PublicKeyCredential;
for (const form of able ? document.querySelectorAll("form[data-ceremony]") : []) {
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.textContent = "";
    try {
      const answer = await ceremonies[form.dataset.ceremony](JSON.parse(form.dataset.asked).publicKey);
      form.elements.credential.value = JSON.stringify(answer);
      form.submit();
    } catch {
      failed.textContent = failed.dataset.failed;
    }
  });
}
