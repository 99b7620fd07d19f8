using System.Diagnostics.CodeAnalysis;

namespace DlmUpdater.Host;

/// <summary>What the one-file build (<c>make static</c>) does in another way. The dynamic one carries none of it.</summary>
internal static class StaticBuild
{
    /// <summary>True in the one-file build: the C library and OpenSSL are a part of the program.</summary>
    [FeatureSwitchDefinition("DlmUpdater.StaticBuild")]
    internal static bool Is => AppContext.TryGetSwitch("DlmUpdater.StaticBuild", out bool isStatic) && isStatic;

    /// <summary>Names of hosts and users come from files and DNS, whatever <c>/etc/nsswitch.conf</c> says: a module that it names belongs to
    /// another C library than the one in here, and loading it ends the process. To be called before the first look-up.</summary>
    internal static void UseOwnNameService()
    {
        if (!Is) return;
        _ = Native.NameService.Configure("hosts", "files dns");
        foreach (string database in (ReadOnlySpan<string>)["passwd", "group", "initgroups", "services"]) _ = Native.NameService.Configure(database, "files");
    }
}
