using System.Runtime.InteropServices;

namespace DlmUpdater.Host;

internal static partial class Native
{
    /// <summary>The environment that native libraries see: the base library's own setter changes only a copy.</summary>
    internal static partial class NativeEnvironment
    {
        /// <summary>Sets a variable, whether or not it was set. Not safe beside other threads that read the environment.</summary>
        [LibraryImport(LibC, EntryPoint = "setenv", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        private static partial int SetVariable(string name, string value, int overwrite);

        /// <summary>Sets <paramref name="name"/>; false if the C library would not (no memory).</summary>
        internal static bool Set(string name, string value) => SetVariable(name, value, 1) == 0;
    }
}
