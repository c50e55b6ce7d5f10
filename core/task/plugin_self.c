/*
 * plugin_self - what plugins may know of the process they are in: its address, the keys that
 * calls to it are signed with, keys derived from the cluster's secret.
 */
#include "task/plugin_module.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

#define KEY_LEN 32
#define SALT "pawl plugin keys"

static void
forget(char *s)
{
	if (s != NULL)
		OPENSSL_cleanse(s, strlen(s));
	free(s);
}

/* A secret for a process that belongs to no cluster. */
static char *
secret_of_this_process(void)
{
	unsigned char random[KEY_LEN];
	struct buf text;

	if (RAND_bytes(random, sizeof(random)) != 1) {
		log_error("there is no source of random numbers");
		abort();
	}
	buf_init(&text, BUF_UNLIMITED);
	for (size_t i = 0; i < sizeof(random); i++)
		buf_addf(&text, "%02x", random[i]);
	OPENSSL_cleanse(random, sizeof(random));
	return buf_steal(&text, NULL);
}

void
plugin_self_init(struct plugin_self *s, const struct conf *c)
{
	s->url = xstrdup("");
	s->access_key_id = xstrdup("");
	s->secret_access_key = xstrdup("");
	s->secret = secret_of_this_process();
	plugin_self_keys(s, c->access_keys);
}

void
plugin_self_fini(struct plugin_self *s)
{
	free(s->url);
	free(s->access_key_id);
	forget(s->secret_access_key);
	forget(s->secret);
}

void
plugin_self_keys(struct plugin_self *s, const char *json)
{
	struct doc keys = doc_parse(json, strlen(json), NULL);
	struct doc_iter it = { 0 };
	char *id = NULL, *secret = NULL;

	if (!doc_is_none(keys) && doc_type(keys) == DOC_OBJECT)
		it = doc_iter(keys);
	if (it.of_.block != NULL && doc_next(&it)) {
		id = doc_strdup(it.key);
		secret = doc_strdup(it.value);
	}
	free(s->access_key_id);
	forget(s->secret_access_key);
	s->access_key_id = id != NULL ? id : xstrdup("");
	s->secret_access_key = secret != NULL ? secret : xstrdup("");
	doc_unref(keys);
}

void
plugin_host_set_keys(struct plugin_host *h, const char *access_keys_json)
{
	plugin_self_keys(&h->self, access_keys_json);
}

void
plugin_host_set_url(struct plugin_host *h, const char *url)
{
	free(h->self.url);
	h->self.url = xstrdup(url);
}

void
plugin_host_set_secret(struct plugin_host *h, const char *secret)
{
	forget(h->self.secret);
	h->self.secret = xstrdup(secret);
}

const char *
plugin_self_setting(const struct plugin_host *h, const char *name)
{
	if (strcmp(name, "url") == 0)
		return *h->conf->public_url != '\0' ? h->conf->public_url : h->self.url;
	if (strcmp(name, "own_access_key_id") == 0)
		return h->self.access_key_id;
	if (strcmp(name, "own_secret_access_key") == 0)
		return h->self.secret_access_key;
	return "";
}

/* HKDF (RFC 5869) of one block: what is derived tells nothing of the secret, nor of each other. */
static void
host_derive_key(const struct pawl_host *h, const char *purpose, unsigned char out[KEY_LEN])
{
	const struct module *m = module_from(h);
	const char *secret = m->host->self.secret;
	unsigned char extracted[KEY_LEN];
	unsigned int len = KEY_LEN;
	struct buf info;

	HMAC(EVP_sha256(), SALT, sizeof(SALT) - 1, (const unsigned char *)secret, strlen(secret),
	    extracted, &len);
	buf_init(&info, BUF_UNLIMITED);
	buf_adds(&info, m->def.name);
	buf_addc(&info, '\0');
	buf_adds(&info, purpose);
	buf_addc(&info, 1);
	HMAC(EVP_sha256(), extracted, KEY_LEN, (const unsigned char *)info.data, info.len, out,
	    &len);
	OPENSSL_cleanse(extracted, sizeof(extracted));
	buf_fini(&info);
}

void
plugin_self_table(struct pawl_host *t)
{
	t->derive_key = host_derive_key;
}
