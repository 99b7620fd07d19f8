using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>The published executable, which is all that these tests know of the program.</summary>
internal static class Binary
{
    /// <summary>Names the executable; not set: artifacts/dlm-updater of this repository.</summary>
    internal const string Variable = "DLM_UPDATER_BINARY";

    private static readonly Lazy<string> Found = new(Find);

    /// <summary>Its absolute path.</summary>
    internal static string Path => Found.Value;

    /// <summary>The root of this repository.</summary>
    internal static string Source => Repository();

    /// <summary>The output of a tool such as <c>ldd</c>; fails if the tool does.</summary>
    internal static string Tool(string name, params string[] arguments)
    {
        (int code, string output, string error) = Command(name, arguments);
        Assert.True(code == 0, $"{name} {string.Join(' ', arguments)} ended with {code}: {error}");
        return output;
    }

    /// <summary>Runs a tool to its end.</summary>
    internal static (int Code, string Output, string Error) Command(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(name) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.GetAwaiter().GetResult(), error.GetAwaiter().GetResult());
    }

    private static string Find()
    {
        string path = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set : System.IO.Path.Combine(Repository(), "artifacts/dlm-updater");
        return File.Exists(path)
            ? System.IO.Path.GetFullPath(path)
            : throw new InvalidOperationException($"{path} does not exist: build it with 'make build', or set {Variable} to the executable to be tested");
    }

    private static string Repository([CallerFilePath] string here = "")
    {
        string? directory = System.IO.Path.GetDirectoryName(here);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory, "DlmUpdater.sln"))) directory = System.IO.Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException($"no repository above {here}: set {Variable} to the executable to be tested");
    }
}
