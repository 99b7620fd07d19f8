namespace DlmUpdater.EndToEnd.Harness;

/// <summary>The preloaded library that kills the program at its N-th call; see Native/kill_at.c.</summary>
internal static class KillAt
{
    private static readonly Lazy<string> Library = new(Compile);

    /// <summary>The environment that kills before, after or in the middle of (<c>torn</c>) call <paramref name="number"/>.</summary>
    internal static Dictionary<string, string> Call(int number, string how) => new()
    {
        ["LD_PRELOAD"] = Library.Value,
        ["KILL_AT"] = number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["KILL_HOW"] = how,
    };

    /// <summary>The environment that only writes the calls to <paramref name="file"/>.</summary>
    internal static Dictionary<string, string> Trace(string file) => new() { ["LD_PRELOAD"] = Library.Value, ["KILL_TRACE"] = file };

    private static string Compile()
    {
        string place = Directory.CreateTempSubdirectory("dlm-updater-e2e-kill-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(place, recursive: true);
        string library = Path.Combine(place, "kill_at.so");
        _ = Binary.Tool("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", library, Path.Combine(AppContext.BaseDirectory, "Native/kill_at.c"), "-ldl");
        return library;
    }
}
