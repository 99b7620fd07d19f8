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
        // Beside its source in the build's output, and whole from the first moment: two test runs may be under way.
        string source = Path.Combine(AppContext.BaseDirectory, "Native/kill_at.c");
        string library = Path.ChangeExtension(source, ".so"), made = $"{library}.{Environment.ProcessId}";
        _ = Binary.Tool("gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", made, source, "-ldl");
        File.Move(made, library, overwrite: true);
        return library;
    }
}
