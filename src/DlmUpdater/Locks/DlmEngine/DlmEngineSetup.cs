using System.Net;
using DlmUpdater.Core.Locking;
using DlmUpdater.Core.Settings;
using DlmUpdater.Host;
using DlmUpdater.Locks.Http;

namespace DlmUpdater.Locks.DlmEngine;

/// <summary>Makes the service from the configuration.</summary>
internal static class DlmEngineSetup
{
    /// <summary>Null, and one line that says what to fix, if something on this host is missing. Nothing is sent.</summary>
    internal static DlmEngineLockService? Make(DlmEngineSettings engine, LockSettings settings, TimeProvider time, out string why)
    {
        bool isTls = engine.Url.StartsWith("https://", StringComparison.OrdinalIgnoreCase);
        HolderName holder = HolderName.ForDlmEngine(settings.Holder);
        why = isTls ? TlsLibrary.Missing() ?? "" : Plain(engine);
        if (why.Length == 0) why = holder.Why;
        if (why.Length == 0 && engine.Api == 1 && settings.Name == EngineApi.SearchName)
            why = $"[lock] name = {EngineApi.SearchName} is what DLMEngine's API v1 calls its search: give the lock another name, or "
                + "set [dlmengine] api = v2";
        if (why.Length > 0) return null;

        var transport = new HttpTransport(new HttpTarget(engine.Url, engine.Proxy, new TlsFiles(null, engine.Ca, "dlmengine")), time);
        var identity = new LockIdentity("dlmengine", settings.Name, holder.Name!);
        var credential = new EngineCredential(engine.SecretId, engine.Secret);
        return new DlmEngineLockService(transport, new EngineApi(engine.Api), identity, credential, time);
    }

    /// <summary>The secret goes along with every request: without TLS it must not leave this host, not to a proxy either.</summary>
    private static string Plain(DlmEngineSettings engine) =>
        !IsLoopback(engine.Url) ? "[dlmengine] url would send the secret unencrypted: use https://"
        : engine.Proxy is { } proxy && !IsLoopback(proxy)
            ? "[dlmengine] proxy would be sent the secret unencrypted: use https:// for [dlmengine] url, or no proxy"
        : "";

    private static bool IsLoopback(string url)
    {
        string host = new Uri(url).IdnHost;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }
}
