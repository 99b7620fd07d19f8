using System.Diagnostics;

namespace DlmUpdater.Tests.Host;

/// <summary>A real process that runs one of <see cref="Roles"/>: the tests' own program, taken over by <see cref="StartupHook"/> before its
/// Main.</summary>
internal static class ChildProcess
{
    private const string Variable = "DLM_UPDATER_TEST_ROLE";

    /// <summary>Starts a role; its standard output is for the test to read.</summary>
    public static Process Start(string role, params string[] arguments)
    {
        string assembly = typeof(ChildProcess).Assembly.Location;
        var info = new ProcessStartInfo("dotnet", ["exec", assembly]) { RedirectStandardOutput = true };
        info.Environment["DOTNET_STARTUP_HOOKS"] = assembly;
        info.Environment["DOTNET_TieredCompilation"] = "1";
        info.Environment[Variable] = string.Join('\n', [role, .. arguments]);
        return Process.Start(info)!;
    }

    internal static void TakeOver()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { } given)
        {
            string[] words = given.Split('\n');
            Environment.Exit(Roles.Play(words[0], words[1..]));
        }
    }
}
