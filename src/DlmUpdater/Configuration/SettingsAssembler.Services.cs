using DlmUpdater.Configuration.Adopted;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>The lock services' sections. What is needed is asked for only of the chosen service; secrets are read only for it.</summary>
internal sealed partial class SettingsAssembler
{
    private ForemanSettings? Foreman(ServiceDraft draft, bool chosen)
    {
        ClientCertificate? certificate = draft.Certificate switch
        {
            "puppet" => new ClientCertificate.OfPuppet(),
            "rhsm" => new ClientCertificate.OfRhsm(),
            _ => Pair(draft, SettingsCatalog.ForemanCertificate, SettingsCatalog.ForemanKey),
        };
        if (draft.Certificate is "puppet" or "rhsm" && values.Has(SettingsCatalog.ForemanKey))
            Complain(SettingsCatalog.ForemanKey, $"client_crt = {draft.Certificate} brings its own key: remove this one");
        Login? admin = Login(draft, chosen, SettingsCatalog.ForemanUser, SettingsCatalog.ForemanPasswordFile);
        if (chosen)
        {
            Require(SettingsCatalog.ForemanUrl, "foreman", "set it to Foreman's URL");
            bool certified = values.Has(SettingsCatalog.ForemanCertificate);
            if (request.Strict && !certified)
            {
                Complain(SettingsCatalog.ForemanCertificate,
                    "is not set: Foreman knows a host by its certificate and refuses to lock without", Severity.Warning);
            }

            Transport(SettingsCatalog.ForemanUrl, draft.Url, certified || values.Has(SettingsCatalog.ForemanPasswordFile));
        }

        return draft.Url is null
            ? null
            : new ForemanSettings { Url = draft.Url, Certificate = certificate, Ca = draft.Ca, Proxy = draft.Proxy, Admin = admin };
    }

    private DlmEngineSettings? DlmEngine(ServiceDraft draft, bool chosen)
    {
        SettingKey inline = SettingsCatalog.DlmEngineSecret, file = SettingsCatalog.DlmEngineSecretFile;
        if (values.Has(inline) && values.Has(file))
            Complain(file, $"{values.NameOf(inline)} is set too: keep one of the two");
        if (draft.Url is string url && EndsInApi(url))
            Complain(SettingsCatalog.DlmEngineUrl, "ends in /api: write only the part before it");
        if (draft.Secret is string text)
            secrets.Add(text);
        SecretText? secret = draft.Secret is string value ? new SecretText(value) : FromFile(draft, chosen, file);
        if (chosen)
        {
            Require(SettingsCatalog.DlmEngineUrl, "dlmengine", "set it to the part before /api");
            Require(SettingsCatalog.DlmEngineSecretId, "dlmengine", "set it to the id of a credential");
            if (!values.Has(inline))
                Require(file, "dlmengine", "name a file with mode 0600 that holds the credential's secret");
            Transport(SettingsCatalog.DlmEngineUrl, draft.Url, carriesSecrets: true);
        }

        return draft.Url is null || draft.Id is null || secret is null
            ? null
            : new DlmEngineSettings
            {
                Url = draft.Url,
                Api = draft.Api ?? 2,
                SecretId = draft.Id,
                Secret = secret,
                Ca = draft.Ca,
                Proxy = draft.Proxy,
            };
    }

    private EtcdSettings? Etcd(ServiceDraft draft, bool chosen)
    {
        // Either key brings the other along: a layout is a promise to other tools, and each is read with one API only.
        int api = draft.Api ?? (draft.Layout == EtcdLayout.Locksmith ? 2 : 3);
        EtcdLayout layout = draft.Layout ?? (api == 2 ? EtcdLayout.Locksmith : EtcdLayout.Airlock);
        if ((layout == EtcdLayout.Locksmith) != (api == 2))
            Complain(SettingsCatalog.EtcdLayoutKey, "does not go with api: airlock is api v3, locksmith is api v2");
        ClientCertificate.Files? certificate = Pair(draft, SettingsCatalog.EtcdCertificate, SettingsCatalog.EtcdKey);
        Login? login = Login(draft, chosen, SettingsCatalog.EtcdUser, SettingsCatalog.EtcdPasswordFile, SettingsCatalog.EtcdPassword);
        if (chosen)
        {
            Require(SettingsCatalog.EtcdEndpoints, "etcd", "set it to the members' URLs");
            bool credentials = values.Has(SettingsCatalog.EtcdCertificate) || values.Has(SettingsCatalog.EtcdPasswordFile) || values.Has(SettingsCatalog.EtcdPassword);
            Transport(SettingsCatalog.EtcdEndpoints, draft.Endpoints.FirstOrDefault(LeavesHostPlain), credentials);
        }

        return draft.Endpoints.IsEmpty
            ? null
            : new EtcdSettings
            {
                Endpoints = draft.Endpoints,
                Api = api,
                Layout = layout,
                Group = draft.Group ?? (layout == EtcdLayout.Airlock ? "default" : null),
                Slots = draft.Slots,
                Ca = draft.Ca,
                Certificate = certificate,
                Login = login,
            };
    }

    private FleetLockSettings? FleetLock(ServiceDraft draft, bool chosen)
    {
        if (chosen)
        {
            Require(SettingsCatalog.FleetLockUrl, "fleetlock", "set it to the server's base URL");
            Transport(SettingsCatalog.FleetLockUrl, draft.Url, carriesSecrets: false);
        }

        return draft.Url is null
            ? null
            : new FleetLockSettings
            {
                Url = draft.Url,
                Group = draft.Group ?? "default",
                Id = draft.Id,
                Ca = draft.Ca,
                Proxy = draft.Proxy,
            };
    }

    /// <summary>The chosen service needs the key.</summary>
    private void Require(SettingKey key, string service, string wanted)
    {
        if (values.Has(key) || findings.AnyUnread) return;
        Complain(key, OldKeyNames.Of(values.Tool, key) is null
            ? $"is needed by [lock] service = {service}: {wanted}"
            : "is not set: " + (OldKeyNames.Wanted(values.Tool, key) ?? wanted));
    }

    /// <summary>A certificate and its key: both or neither.</summary>
    private ClientCertificate.Files? Pair(ServiceDraft draft, SettingKey certificate, SettingKey key)
    {
        Both(draft.Certificate, certificate, key);
        Both(draft.Key, key, certificate);
        return draft.Certificate is string path && draft.Key is string keyPath ? new ClientCertificate.Files(path, keyPath) : null;
    }

    /// <summary>A user and the file with the password: both or neither.</summary>
    private Login? Login(ServiceDraft draft, bool chosen, SettingKey user, SettingKey file, SettingKey? inline = null)
    {
        if (draft.Secret is string text && inline is not null)
        {
            Both(text, inline, user);
            if (values.Has(file)) Complain(file, $"{values.NameOf(inline)} is set too: keep one of the two");
            secrets.Add(text);
            return draft.User is string named ? new Login(named, new SecretText(text)) : null;
        }

        Both(draft.User, user, file);
        Both(draft.SecretFile, file, user);
        SecretText? password = FromFile(draft, chosen, file);
        return draft.User is string name && password is not null ? new Login(name, password) : null;
    }

    private void Both(string? value, SettingKey key, SettingKey other)
    {
        if (value is not null && !values.Has(other) && !findings.AnyUnread)
            Complain(key, $"is set without {values.NameOf(other)}: set both");
    }

    /// <summary>The secret in the file that <paramref name="key"/> names; null if there is none or it cannot be used.</summary>
    private SecretText? FromFile(ServiceDraft draft, bool chosen, SettingKey key)
    {
        if (draft.SecretFile is not string path)
            return null;
        if (!chosen || request.Secrets < (key == SettingsCatalog.ForemanPasswordFile ? SecretUse.Admin : SecretUse.IfReadable))
            return SecretText.NotRead;
        SecretText? secret = SecretFile.Read(path, out string? wrong);
        if (secret is null && request.Secrets == SecretUse.IfReadable)
            return SecretText.NotRead;
        if (secret is null)
            Complain(key, wrong!);
        else
            secrets.Add(secret.Reveal());
        return secret;
    }

    /// <summary>What everybody on the way can read and change is warned of, and refused where a secret would go along.</summary>
    private void Transport(SettingKey key, string? url, bool carriesSecrets)
    {
        if (url is null || !LeavesHostPlain(url))
            return;
        if (carriesSecrets)
            Complain(key, "would send credentials unencrypted: use https://");
        else
            Complain(key, "is not encrypted, so that others on the way can answer in its place: use https://", Severity.Warning);
    }

    private static bool LeavesHostPlain(string url) => UrlForm.IsPlain(url) && !UrlForm.IsLoopback(url);

    private static bool EndsInApi(string url) =>
        url.EndsWith("/api", StringComparison.OrdinalIgnoreCase) ||
        url.EndsWith("/api/v1", StringComparison.OrdinalIgnoreCase) ||
        url.EndsWith("/api/v2", StringComparison.OrdinalIgnoreCase);
}
