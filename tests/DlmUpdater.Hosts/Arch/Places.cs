namespace DlmUpdater.Hosts.Arch;

/// <summary>What <c>make test-arch</c> made, by the names in the environment.</summary>
internal static class Places
{
    internal static string Dynamic => Named("DLM_UPDATER_X64");

    internal static string Static => Named("DLM_UPDATER_X64_STATIC");

    internal static string DynamicArm => Named("DLM_UPDATER_ARM64");

    internal static string StaticArm => Named("DLM_UPDATER_ARM64_STATIC");

    /// <summary>Debian 11: glibc 2.31, OpenSSL 1.1.</summary>
    internal static string Bullseye => Named("DLM_UPDATER_BULLSEYE");

    /// <summary>The C library and OpenSSL of Debian for arm64, unpacked.</summary>
    internal static string ArmLibraries => Named("DLM_UPDATER_ARM64_ROOT");

    internal static string Image => Named("DLM_UPDATER_IMAGE");

    internal static string Work => System.IO.Path.GetDirectoryName(Bullseye)!;

    private static string Named(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } path && System.IO.Path.Exists(path)
        ? System.IO.Path.GetFullPath(path)
        : throw new InvalidOperationException($"{variable} names nothing: run these tests by 'make test-arch'");
}
